/* relais epoch bump: after a restore, so that no consumer of the feed trusts positions that were
 * given out twice. */
#include <stdio.h>

#include "commands/command.h"
#include "store/feed_admin.h"

static const char usage[] = "epoch bump [--database-url URL | --data-dir DIR]";

static int bump(const struct config *config)
{
    struct err err;
    struct embedded *embedded = NULL;
    const char *url = NULL;
    struct uuid epoch;
    enum err_code code = command_database(config, &embedded, &url, &err);
    code = code == OK ? feed_bump_epoch(url, &epoch, &err) : code;
    embedded_free(embedded);
    if (code != OK) {
        return command_fail("epoch", &err, EXIT_DATABASE);
    }
    char text[UUID_TEXT_BYTES];
    uuid_format(epoch, text);
    (void)printf("%s\n", text);
    return EXIT_OK;
}

int command_epoch(int argc, char **argv)
{
    struct config config = {0};
    int status;
    if (!command_config(&config, CONFIG_DATABASE, NULL, 0, argc, argv, usage, &status)) {
        return status;
    }
    const bool is_bump = config.argument_count == 1 &&
                         str_is(str_from(config.arguments[0]), "bump");
    if (is_bump) {
        status = bump(&config);
    } else {
        (void)fprintf(stderr, "Usage: relais %s\n", usage);
        status = EXIT_USAGE;
    }
    config_done(&config);
    return status;
}
