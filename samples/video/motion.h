/*
 * motion.h - where a box will be: four Kalman filters of constant speed, one each for its centre's x and y, its width
 * and its height. Knows one box; which boxes belong together is the tracker's business.
 */
#ifndef MOTION_H
#define MOTION_H

#include <stdbool.h>

#include <clreid/clreid.h>

typedef struct motion_axis {
  double value, speed; /* pixels, pixels a second */
  double value_variance, covariance, speed_variance;
} motion_axis;

typedef struct motion {
  motion_axis x, y, width, height; /* x and y of the centre */
} motion;

motion motion_start(const clreid_box *box);
/* Lets time pass. Of a lost box nothing is seen, and the longer that is, the less it is believed to keep its speed. */
void motion_predict(motion *of, double seconds, bool lost);
void motion_correct(motion *of, const clreid_box *box);

clreid_box motion_box(const motion *of);
/* How far the box's centre is from the predicted one: squared, in standard deviations of both (chi-squared, 2). */
double motion_distance(const motion *of, const clreid_box *box);

#endif
