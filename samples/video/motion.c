/*
 * motion.c - see motion.h.
 *
 * All noise is in sides of the box (the root of its area), so near and far, persons and cars are alike. A person's side
 * is about a metre and walks 1.4 of them a second; a car's is two metres.
 */
#include "motion.h"

#include <math.h>

static const double measured_sides = 0.08; /* how exactly a detector's box lies, standard deviation */
static const double accelerates_sides = 3; /* a second a second */
static const double lost_accelerates_sides = 0.5;
static const double start_speed_sides = 4;    /* a second */
static const double size_changes_sides = 0.5; /* of width and height, a second a second */
static const double lost_speed_halves_seconds = 3;

static double side_of(double width, double height)
{
  return sqrt(fmax(width, 1) * fmax(height, 1));
}

static motion_axis start_axis(double value, double side, double speed_sides)
{
  const double measured = measured_sides * side, speed = speed_sides * side;
  return (motion_axis){.value = value, .value_variance = measured * measured, .speed_variance = speed * speed};
}

static clreid_box from_centre(double x, double y, double width, double height)
{
  return (clreid_box){(float)(x - width / 2), (float)(y - height / 2), (float)width, (float)height};
}

motion motion_start(const clreid_box *box)
{
  const double side = side_of(box->width, box->height);
  return (motion){.x = start_axis((double)box->x + box->width / 2, side, start_speed_sides),
                  .y = start_axis((double)box->y + box->height / 2, side, start_speed_sides),
                  .width = start_axis(box->width, side, size_changes_sides),
                  .height = start_axis(box->height, side, size_changes_sides)};
}

/* Acceleration is noise, constant for the time that passes. */
static void predict_axis(motion_axis *axis, double seconds, double acceleration)
{
  const double noise = acceleration * acceleration, t = seconds;
  axis->value += t * axis->speed;
  axis->value_variance += t * (2 * axis->covariance + t * axis->speed_variance) + noise * t * t * t * t / 4;
  axis->covariance += t * axis->speed_variance + noise * t * t * t / 2;
  axis->speed_variance += noise * t * t;
}

void motion_predict(motion *of, double seconds, bool lost)
{
  const double side = side_of(of->width.value, of->height.value);
  const double acceleration = (lost ? lost_accelerates_sides : accelerates_sides) * side;
  predict_axis(&of->x, seconds, acceleration);
  predict_axis(&of->y, seconds, acceleration);
  predict_axis(&of->width, seconds, size_changes_sides * side);
  predict_axis(&of->height, seconds, size_changes_sides * side);
  if (!lost) return;
  const double kept = exp2(-seconds / lost_speed_halves_seconds);
  of->x.speed *= kept;
  of->y.speed *= kept;
  of->width.speed = of->height.speed = 0;
}

static void correct_axis(motion_axis *axis, double value, double side)
{
  const double measured = measured_sides * side, sum = axis->value_variance + measured * measured;
  const double value_gain = axis->value_variance / sum, speed_gain = axis->covariance / sum;
  const double wrong = value - axis->value;
  axis->value += value_gain * wrong;
  axis->speed += speed_gain * wrong;
  axis->speed_variance -= speed_gain * axis->covariance;
  axis->covariance *= 1 - value_gain;
  axis->value_variance *= 1 - value_gain;
}

void motion_correct(motion *of, const clreid_box *box)
{
  const double side = side_of(box->width, box->height);
  correct_axis(&of->x, (double)box->x + box->width / 2, side);
  correct_axis(&of->y, (double)box->y + box->height / 2, side);
  correct_axis(&of->width, box->width, side);
  correct_axis(&of->height, box->height, side);
}

clreid_box motion_box(const motion *of)
{
  return from_centre(of->x.value, of->y.value, fmax(of->width.value, 1), fmax(of->height.value, 1));
}

double motion_distance(const motion *of, const clreid_box *box)
{
  const double measured = measured_sides * side_of(box->width, box->height), noise = measured * measured;
  const double x = (double)box->x + box->width / 2 - of->x.value, y = (double)box->y + box->height / 2 - of->y.value;
  return x * x / (of->x.value_variance + noise) + y * y / (of->y.value_variance + noise);
}
