/*
 * pretend.c - see pretend.h. Reads the words; knows nothing of the environment or of OpenCL.
 */
#include "pretend.h"

#include <string.h>

/* Where a number goes, if the word has one: type and flags have none. */
typedef enum value { NONE, COUNT, SIZE } value;

enum { CPU, GPU, WORK_GROUP, LOCAL, NO_LOCAL, BUFFER, WIDTH, NO_FMA, NO_IMAGES, NO_SUB_GROUPS, TURNS, WORDS };

static const struct {
  const char *name;
  value value;
} words[WORDS] = {
    [CPU] = {"cpu", NONE},
    [GPU] = {"gpu", NONE},
    [WORK_GROUP] = {"work-group", COUNT},
    [LOCAL] = {"local", SIZE},
    [NO_LOCAL] = {"no-local", NONE},
    [BUFFER] = {"buffer", SIZE},
    [WIDTH] = {"width", COUNT},
    [NO_FMA] = {"no-fma", NONE},
    [NO_IMAGES] = {"no-images", NONE},
    [NO_SUB_GROUPS] = {"no-sub-groups", NONE},
    [TURNS] = {"turns", COUNT},
};

/* Decimal digits and perhaps a unit, from 1 on; false for anything else, and for what 64 bits do not hold. */
static bool read_number(const char *text, size_t length, value kind, uint64_t *number)
{
  static const char units[] = "KMG";
  const char *unit = kind == SIZE && length ? strchr(units, text[length - 1]) : NULL;
  const uint64_t factor = unit && *unit ? (uint64_t)1 << 10 * (unit - units + 1) : 1;
  if (factor > 1) length--;
  *number = 0;
  for (size_t i = 0; i < length; i++) {
    const uint64_t digit = (uint64_t)(text[i] - '0');
    if (text[i] < '0' || text[i] > '9' || *number > (UINT64_MAX - digit) / 10) return false;
    *number = *number * 10 + digit;
  }
  if (!*number || *number > UINT64_MAX / factor) return false;
  *number *= factor;
  return kind == SIZE || *number <= 1u << 20;
}

static void lessen(uint64_t *fact, uint64_t number)
{
  if (!*fact || *fact > number) *fact = number;
}

static void apply(int word, uint64_t number, cr_facts *facts)
{
  switch (word) {
  case CPU:
    facts->type = CR_DEVICE_CPU;
    break;
  case GPU:
    facts->type = CR_DEVICE_GPU;
    break;
  case WORK_GROUP:
    lessen(&facts->largest_work_group, number);
    break;
  case LOCAL:
    lessen(&facts->local_memory_bytes, number);
    facts->local_memory_is_real = true;
    break;
  case NO_LOCAL:
    facts->local_memory_is_real = false;
    break;
  case BUFFER:
    lessen(&facts->largest_buffer_bytes, number);
    break;
  case WIDTH:
    facts->float_vector_width = (unsigned)number;
    break;
  case NO_FMA:
    facts->fused_multiply_add = false;
    break;
  case NO_IMAGES:
    facts->images = false;
    break;
  case NO_SUB_GROUPS:
    facts->sub_groups = false;
    break;
  default:
    lessen(&facts->most_turns, number);
    break;
  }
}

/* One word; what is wrong with it, or NULL. */
static const char *read_word(const char *text, size_t length, unsigned *seen, cr_facts *facts)
{
  const char *equals = memchr(text, '=', length);
  const size_t name = equals ? (size_t)(equals - text) : length;
  int word = 0;
  uint64_t number = 0;
  while (word < WORDS && (strlen(words[word].name) != name || memcmp(words[word].name, text, name))) word++;
  if (word == WORDS) return "is no word of it";
  if (!equals != (words[word].value == NONE)) return equals ? "takes no number" : "needs a number";
  if (equals && !read_number(equals + 1, length - name - 1, words[word].value, &number))
    return words[word].value == SIZE ? "is no size such as 16K or 128M" : "is no number from 1 to 1048576";
  const unsigned bit = 1u << (word == GPU ? CPU : word); /* the two types are one word */
  if (*seen & bit) return "is given twice";
  *seen |= bit;
  apply(word, number, facts);
  return NULL;
}

clreid_status cr_pretend(const char *text, cr_facts *facts, clreid_error *error)
{
  cr_facts changed = *facts;
  unsigned seen = 0;
  for (const char *at = text; at && *text;) { /* a comma is followed by a word */
    const size_t length = strcspn(at, ",");
    const char *problem = read_word(at, length, &seen, &changed);
    if (problem)
      return cr_fail(error, CLREID_INVALID_ARGUMENT,
                     "CLREID_PRETEND: '%.*s' %s; the words are cpu, gpu, work-group=N, local=SIZE, no-local, "
                     "buffer=SIZE, width=N, no-fma, no-images, no-sub-groups and turns=N, with commas between them",
                     (int)(length < 40 ? length : 40), at, problem);
    if (!at[length]) break;
    at += length + 1;
  }
  *facts = changed;
  return CLREID_OK;
}
