/*
 * clreid.c - the clreid command: the table of its subcommands, and the way to them.
 *
 * Owns main, --help, --version and the last flush of stdout; each subcommand has a file of its own, command_NAME.c.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "console.h"
#include "suggest.h"

static const struct {
  const char *name;
  int (*run)(int argc, char **argv);
  const char *summary;
} commands[] = {
    {"devices", command_devices, "list the OpenCL devices of this machine"},
    {"networks", command_networks, "list the networks that the library knows"},
    {"weights", command_weights, "write a weight file with random weights, to try things with"},
    {"embed", command_embed, "turn pictures into features"},
    {"match", command_match, "find the nearest gallery features of each query feature"},
    {"evaluate", command_evaluate, "tell how well features find who is who: mAP and CMC"},
    {"bench", command_bench, "measure how long a picture takes"},
    {"tune", command_tune, "find the fastest kernels for a network on a device, and keep them"},
    {"selftest", command_selftest, "check every operator of the library on a device"},
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void print_help(FILE *stream)
{
  fprintf(stream, "usage: clreid COMMAND [OPTIONS]\n"
                  "Pictures of persons and vehicles in, re-identification features out, on any OpenCL device.\n\n");
  for (int i = 0; i < COMMAND_COUNT; ++i) fprintf(stream, "  %-10s %s\n", commands[i].name, commands[i].summary);
  fprintf(stream, "\n  clreid help COMMAND     the options of a command\n"
                  "  clreid --version        the version of the library\n\n"
                  "Results go to stdout, everything else to stderr. Exit code: 0 success, 1 failure, 2 wrong usage.\n");
}

/* The place of a command in the table, or -1 after a line that says what may have been meant. */
static int find_command(const char *name)
{
  suggestion best = {.typed = name};
  for (int i = 0; i < COMMAND_COUNT; ++i) {
    if (strcmp(name, commands[i].name) == 0) return i;
    suggest_offer(&best, commands[i].name);
  }
  suggest_offer(&best, "help");
  suggest_offer(&best, "--help");
  suggest_offer(&best, "--version");
  console_complain("there is no %s '%s'%s%s: see clreid --help", name[0] == '-' ? "option" : "command", name,
                   best.word ? ", perhaps " : "", best.word ? best.word : "");
  return -1;
}

static int run_command(const char *name, int argc, char **argv)
{
  const int place = find_command(name);
  return place < 0 ? PROGRAM_USAGE : commands[place].run(argc, argv);
}

static bool asks_for_help(const char *argument)
{
  return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

/* clreid help [COMMAND] */
static int help(int argc, char **argv)
{
  if (argc > 2) {
    console_complain("help takes one command, not '%s' too: see clreid --help", argv[2]);
    return PROGRAM_USAGE;
  }
  if (argc < 2 || asks_for_help(argv[1])) {
    print_help(stdout);
    return PROGRAM_DONE;
  }
  char option[] = "--help";
  char *asked[] = {argv[1], option, NULL};
  return run_command(argv[1], 2, asked);
}

static int run(int argc, char **argv)
{
  if (argc < 2) {
    print_help(stderr);
    return PROGRAM_USAGE;
  }
  if (asks_for_help(argv[1])) {
    print_help(stdout);
    return PROGRAM_DONE;
  }
  if (strcmp(argv[1], "--version") == 0) {
    printf("clreid %s\n", clreid_version());
    return PROGRAM_DONE;
  }
  if (strcmp(argv[1], "help") == 0) return help(argc - 1, argv + 1);
  return run_command(argv[1], argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
  int code = run(argc, argv);
  /* Results that did not arrive are a failure: a full disk behind stdout shows itself here at the latest. */
  errno = 0;
  bool lost = ferror(stdout) != 0;
  if ((fflush(stdout) != 0 || lost) && code != PROGRAM_FAILED) {
    console_complain("cannot write the results to stdout: %s", errno ? strerror(errno) : "the disk may be full");
    code = PROGRAM_FAILED;
  }
  return code;
}
