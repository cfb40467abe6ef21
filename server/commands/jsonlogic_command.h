/*
 * `relais jsonlogic RULE [DATA]`: evaluates one JsonLogic rule, so that somebody who writes a
 * scoring model can try it. RULE and DATA are JSON text, "-" (for one of them) is read from
 * standard input; without DATA it is {}.
 */
#pragma once

/* argv[0] is "jsonlogic". Prints the result as one line of JSON and returns 0. When the rule fails,
 * or RULE or DATA is not JSON, it prints nothing on standard output, says why on standard error and
 * returns 1; 2 when called the wrong way. */
int command_jsonlogic(int argc, char **argv);
