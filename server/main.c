/* relais: the command line's first word chooses what is done. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "commands/command.h"

#include "commands/import_command.h"
#include "commands/jsonlogic_command.h"

static const struct command commands[] = {
    {"serve",       "run the service",                                     command_serve      },
    {"migrate",     "bring the database to this release's schema",         command_migrate    },
    {"key",         "make an API key",                                     command_key        },
    {"import",      "take contacts, activities or deals from a file",      command_import     },
    {"plan",        "from a revenue goal to leads and reps",               command_plan       },
    {"jsonlogic",   "evaluate a JsonLogic rule",                           command_jsonlogic  },
    {"doctor",      "check that everything is as it has to be",            command_doctor     },
    {"erasures",    "list who was erased, or erase again after a restore", command_erasures   },
    {"epoch",       "after a restore: tell the feed's consumers",          command_epoch      },
    {"healthcheck", "ask the running service whether it is ready",         command_healthcheck},
    {"config",      "show every setting and where it comes from",          command_config_show},
    {"routes",      "list the HTTP routes as JSON lines",                  command_routes     },
    {"version",     "print the version",                                   command_version    },
};

static void print_usage(FILE *stream)
{
    (void)fputs("Usage: relais COMMAND [options]\n\n", stream);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        (void)fprintf(stream, "  %-12s %s\n", commands[i].name, commands[i].help);
    }
    (void)fputs("\nEach command tells its options with --help.\n", stream);
}

int main(int argc, char **argv)
{
    json_object_seed(0);
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_usage(argc == 2 ? stdout : stderr);
        return argc == 2 ? EXIT_OK : EXIT_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        return command_version(argc - 1, argv + 1);
    }
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    (void)fprintf(stderr, "relais: there is no command \"%s\"\n\n", argv[1]);
    print_usage(stderr);
    return EXIT_USAGE;
}
