/* The program's commands.  They print, and return exit statuses: 0 done, 1 the run found a fault of esplab or
 * an output could not be written, 2 the input is wrong and nothing was done. */
#ifndef APP_APP_H
#define APP_APP_H

enum app_exit { APP_OK = 0, APP_FAULT = 1, APP_USAGE = 2 };

#define COMMAND(name, arguments, text) int command_##name(int argc, char **argv);
#include "app/command.def"
#undef COMMAND

#endif
