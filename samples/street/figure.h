/*
 * figure.h - who walks in the street: what a person wears, and the solids of a stride.
 */
#ifndef FIGURE_H
#define FIGURE_H

#include "draws.h"
#include "shape.h"

typedef enum pattern {
  PATTERN_PLAIN,
  PATTERN_HOOPS,   /* stripes round the body */
  PATTERN_STRIPES, /* along it */
  PATTERN_CHECKS,
  PATTERN_DOTS,
  PATTERN_HALVES, /* two colours, one above the other */
  PATTERN_BAND,   /* one broad stripe round the chest */
  PATTERN_SASH,   /* one across */
  PATTERN_SIDES,  /* two colours, left and right */
  PATTERN_LOGO,   /* a patch on chest and back */
  PATTERNS,
} pattern;

typedef enum top_kind { TOP_TSHIRT, TOP_SWEATER, TOP_JACKET, TOP_COAT, TOP_VEST, TOP_DRESS, TOPS } top_kind;
typedef enum legs_kind { LEGS_TROUSERS, LEGS_SHORTS, LEGS_SKIRT, LEGS } legs_kind;
typedef enum hair_kind { HAIR_SHORT, HAIR_LONG, HAIR_BUN, HAIR_TAIL, HAIR_BALD, HAIRS } hair_kind;
typedef enum hat_kind { HAT_NONE, HAT_CAP, HAT_WOOLLEN, HAT_BRIM, HATS } hat_kind;
typedef enum bag_kind { BAG_NONE, BAG_BACKPACK, BAG_SHOULDER, BAG_HAND, BAG_PLASTIC, BAGS } bag_kind;

/* A piece of clothing; colours are places in the palette. */
typedef struct cloth {
  pattern pattern;
  int colour, second;
  float period; /* metres */
} cloth;

typedef struct figure {
  float height, build;       /* metres; 1 is neither slim nor stout */
  float shoulders, hips;     /* half widths in metres */
  float stride, swing, lean; /* metres of two steps; of the arms, radians; radians */
  int skin, hair_colour, shoe_colour, hat_colour, bag_colour;
  top_kind top;
  legs_kind legs;
  hair_kind hair;
  hat_kind hat;
  bag_kind bag;
  int bag_side;              /* -1 right, 1 left */
  cloth upper, lower, inner; /* inner: under an open jacket; the sleeves of a vest */
  bool two_sleeves;          /* sleeves of the second colour */
} figure;

figure figure_draw(draws *from);
/* How much two figures differ: about the number of things that a passer-by could name. */
float figure_difference(const figure *a, const figure *b);
/* The solids of the figure after walking so many metres. */
void figure_pose(const figure *of, const place *at, float walked, object *made);

#endif
