/*
 * faults_sites.c - see faults.h: which calls of OpenCL stand in this program, by its disassembly, and which of them
 * were failed.
 */
#define _GNU_SOURCE /* dladdr */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault_opencl.h"
#include "faults.h"

/* Where the program's code begins in memory, which a disassembler counts from. */
static uintptr_t base(void)
{
  Dl_info facts;
  return dladdr((void *)(uintptr_t)faults_print_sites, &facts) ? (uintptr_t)facts.dli_fbase : 0;
}

static const fault_site *find(uintptr_t address)
{
  size_t count;
  const fault_site *sites = fault_sites(&count);
  for (size_t s = 0; s < count; s++)
    if (sites[s].address - base() == address) return &sites[s];
  return NULL;
}

/* The test's own: called while paused alone, or a function that the library does not use. */
static bool is_own(const char *function, const fault_site *site)
{
  return (site && !site->calls && !site->passed) || !fault_covers(function);
}

typedef struct tally {
  int there, failed;
} tally;

static void look_at(const char *where, const char *function, uintptr_t address, tally *all)
{
  const fault_site *site = find(address);
  if (is_own(function, site)) return;
  all->there++;
  all->failed += site && site->failed;
  if (!site || !site->failed)
    printf("never failed: %s in %s%s\n", function, where, site && site->calls ? "" : ", never called");
}

/* "  1234:  call  5678 <clFinish>" is a call; the number of the line behind it is where it returns to. */
static tally read_listing(FILE *listing)
{
  char line[512], where[256] = "", called[256] = "", mnemonic[32], name[256];
  tally all = {0, 0};
  while (fgets(line, sizeof line, listing)) {
    unsigned long address;
    if (sscanf(line, "%lx <%255[^>]>:", &address, name) == 2) {
      snprintf(where, sizeof where, "%s", name);
      continue;
    }
    if (sscanf(line, " %lx: %31s", &address, mnemonic) != 2) continue;
    if (*called) look_at(where, called, address, &all);
    *called = 0;
    const char *target = strchr(line, '<');
    const bool is_call = !strcmp(mnemonic, "call") || !strcmp(mnemonic, "callq") || !strcmp(mnemonic, "bl");
    if (is_call && target && sscanf(target, "<%255[A-Za-z]", name) == 1 && !strncmp(name, "cl", 2) && name[2] >= 'A' &&
        name[2] <= 'Z')
      snprintf(called, sizeof called, "%s", name);
  }
  return all;
}

bool faults_print_sites(void)
{
  char path[600], command[700];
  tally all = {0, 0};
  FILE *link = popen("readlink /proc/$PPID/exe", "r");
  if (link && fgets(path, sizeof path, link)) {
    path[strcspn(path, "\n")] = 0;
    snprintf(command, sizeof command, "objdump -d --no-show-raw-insn '%s'", path);
    FILE *listing = popen(command, "r");
    if (listing) all = read_listing(listing);
    if (listing) pclose(listing);
  }
  if (link) pclose(link);
  if (!all.there) {
    puts("SKIPPED: call sites are not counted, objdump lists none");
    return true;
  }
  printf("call sites: %d of %d failed\n", all.failed, all.there);
  return all.failed == all.there;
}
