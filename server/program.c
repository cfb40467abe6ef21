#include "program.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

enum {
    LOWEST_OWN_FD = 10, /* ours are moved up here, so that putting them in place overwrites none */
    POLL_MS = 5,
};

/* What the child does between fork and exec, numbered so that the parent can say where it failed.
 */
enum step { STEP_FILES, STEP_ACCOUNT, STEP_EXEC, STEP_COUNT_ };

static const char *const step_texts[] = {
    [STEP_FILES] = "cannot set up its files",
    [STEP_ACCOUNT] = "cannot change to its account",
    [STEP_EXEC] = "cannot be executed",
};
static_assert(ARRAY_LEN(step_texts) == STEP_COUNT_, "a text for each step");

struct failure {
    enum step step;
    int error; /* errno */
};

struct descriptors {
    int input_fd;
    int output_fd;
    int given_fd;   /* -1: none */
    int failure_fd; /* closes when exec succeeds */
};

static _Noreturn void fail_in_child(int failure_fd, enum step step)
{
    struct failure failure = {.step = step, .error = errno};
    ssize_t written = write(failure_fd, &failure, sizeof failure);
    _exit(written == (ssize_t)sizeof failure ? 127 : 126);
}

static bool place(int from, int to)
{
    return dup2(from, to) == to;
}

static void reset_signals(void)
{
    for (int number = 1; number < NSIG; number++) {
        signal(number, SIG_DFL); /* fails for SIGKILL, SIGSTOP and libc's own: fine */
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void become(const struct program *program, const struct descriptors *fds)
{
    static const char *const environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC", NULL};
    reset_signals();
    setsid();
    umask(077);
    /* The failure pipe sits at or above LOWEST_OWN_FD and closes itself on exec. */
    if (!place(fds->input_fd, STDIN_FILENO) || !place(fds->output_fd, STDOUT_FILENO) ||
        !place(fds->output_fd, STDERR_FILENO) ||
        (fds->given_fd >= 0 && !place(fds->given_fd, PROGRAM_GIVEN_FD)) || chdir("/") != 0) {
        fail_in_child(fds->failure_fd, STEP_FILES);
    }
    /* What other code opened without O_CLOEXEC must not stay open in a program that outlives us. */
    unsigned first = fds->given_fd >= 0 ? PROGRAM_GIVEN_FD + 1 : STDERR_FILENO + 1;
    close_range(first, (unsigned)fds->failure_fd - 1, 0);
    close_range((unsigned)fds->failure_fd + 1, ~0U, 0);
    if (program->changes_account &&
        (setgroups(0, NULL) != 0 || setgid(program->gid) != 0 || setuid(program->uid) != 0)) {
        fail_in_child(fds->failure_fd, STEP_ACCOUNT);
    }
    if (program->dies_with_us) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* after setuid, which would undo it */
    }
    /* execve changes nothing of what its `char *const *` lead to; C cannot say that. */
    execve(program->argv[0], (char *const *)(uintptr_t)program->argv,
           (char *const *)(uintptr_t)environment);
    fail_in_child(fds->failure_fd, STEP_EXEC);
}

/* A duplicate that is out of the way, or of /dev/null; -1 with errno set. */
static int own_fd(int fd)
{
    if (fd >= 0) {
        return fcntl(fd, F_DUPFD_CLOEXEC, LOWEST_OWN_FD);
    }
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null_fd < 0) {
        return -1;
    }
    int moved_fd = fcntl(null_fd, F_DUPFD_CLOEXEC, LOWEST_OWN_FD);
    close(null_fd);
    return moved_fd;
}

static void close_if_open(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

/* Waits until the child has executed its program or said why not. */
static enum err_code read_failure(int failure_fd, const struct program *program, struct err *reterr)
{
    struct failure failure;
    ssize_t got = 0;
    do {
        got = read(failure_fd, &failure, sizeof failure);
    } while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof failure) {
        return OK;
    }
    return err_set(reterr, ERR_INVALID, "%s %s: %s", program->argv[0],
                   failure.step < STEP_COUNT_ ? step_texts[failure.step] : "failed",
                   strerrordesc_np(failure.error));
}

static enum err_code start_with(const struct program *program, struct descriptors *fds,
                                int failure_read_fd, pid_t *ret_pid, struct err *reterr)
{
    pid_t pid = fork();
    if (pid < 0) {
        return err_set(reterr, ERR_INVALID, "cannot start %s: %s", program->argv[0],
                       strerrordesc_np(errno));
    }
    if (pid == 0) {
        become(program, fds);
    }
    close(fds->failure_fd); /* the child's copy is the last one: its end is the end of the pipe */
    fds->failure_fd = -1;
    enum err_code code = read_failure(failure_read_fd, program, reterr);
    if (code != OK) {
        waitpid(pid, NULL, 0);
        return code;
    }
    *ret_pid = pid;
    return OK;
}

enum err_code program_start(const struct program *program, pid_t *ret_pid, struct err *reterr)
{
    int pipe_fds[2] = {-1, -1};
    if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
        return err_set(reterr, ERR_INVALID, "cannot start %s: %s", program->argv[0],
                       strerrordesc_np(errno));
    }
    struct descriptors fds = {
        .input_fd = own_fd(program->input_fd),
        .output_fd = own_fd(program->output_fd),
        .given_fd = program->given_fd >= 0 ? own_fd(program->given_fd) : -1,
        .failure_fd = own_fd(pipe_fds[1]),
    };
    close(pipe_fds[1]);
    enum err_code code = OK;
    if (fds.input_fd < 0 || fds.output_fd < 0 || fds.failure_fd < 0 ||
        (program->given_fd >= 0 && fds.given_fd < 0)) {
        code = err_set(reterr, ERR_INVALID, "cannot start %s: %s", program->argv[0],
                       strerrordesc_np(errno));
    } else {
        code = start_with(program, &fds, pipe_fds[0], ret_pid, reterr);
    }
    close(pipe_fds[0]);
    close_if_open(fds.input_fd);
    close_if_open(fds.output_fd);
    close_if_open(fds.given_fd);
    close_if_open(fds.failure_fd);
    return code;
}

bool program_has_ended(pid_t pid, int *ret_status)
{
    int status = -1;
    pid_t got = 0;
    do {
        got = waitpid(pid, &status, WNOHANG);
    } while (got < 0 && errno == EINTR);
    if (got == 0) {
        return false;
    }
    *ret_status = got == pid ? status : -1;
    return true;
}

enum err_code program_run(const struct program *program, int64_t timeout_us, struct err *reterr)
{
    pid_t pid = 0;
    int64_t deadline_us = clock_monotonic_us() + timeout_us;
    enum err_code code = program_start(program, &pid, reterr);
    if (code != OK) {
        return code;
    }
    int status = 0;
    while (!program_has_ended(pid, &status)) {
        if (clock_monotonic_us() > deadline_us) {
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
            return err_set(reterr, ERR_TIMEOUT, "%s took longer than %d s", program->argv[0],
                           (int)(timeout_us / US_PER_SECOND));
        }
        poll(NULL, 0, POLL_MS);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return OK;
    }
    return WIFSIGNALED(status) ? err_set(reterr, ERR_STORE, "%s was ended by signal %d",
                                         program->argv[0], WTERMSIG(status))
                               : err_set(reterr, ERR_STORE, "%s failed with exit status %d",
                                         program->argv[0], WEXITSTATUS(status));
}
