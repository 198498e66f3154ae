/*
 * command.h - what the files of the clreid command share: the subcommands.
 *
 * The command is an application: it sees include/clreid and samples/common alone. What its files give each other
 * carries the name of the file as prefix (npy_open, output_commit); everything else is static.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <clreid/clreid.h>

#include "options.h"
#include "program.h"

/* Each subcommand gets its own arguments, argv[0] being its name, and returns an exit code. */
int command_devices(int argc, char **argv);
int command_networks(int argc, char **argv);
int command_weights(int argc, char **argv);
int command_embed(int argc, char **argv);
int command_match(int argc, char **argv);
int command_evaluate(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_tune(int argc, char **argv);
int command_selftest(int argc, char **argv);

/* Opens the device that --device names (NULL: the default), its log lines going to stderr with -v. */
clreid_status command_open_device(const options_common *common, clreid_device **device, clreid_error *error);

#endif
