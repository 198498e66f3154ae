/*
 * shape.c - see shape.h. Limbs are met in axes in which their section is a circle: y is divided by the flatness.
 */
#include "shape.h"

#include <string.h>

/* ---- Building ---------------------------------------------------------------------------------------------------- */

static vector turned(vector a, float heading)
{
  const float c = cosf(heading), s = sinf(heading);
  return (vector){a.x * c - a.y * s, a.x * s + a.y * c, a.z};
}

static shape *object_add(object *to)
{
  /* The last shape gives way where there are too many: tables of figures and cars stay far below. */
  shape *made = &to->shapes[to->count < OBJECT_MOST_SHAPES ? to->count++ : OBJECT_MOST_SHAPES - 1];
  memset(made, 0, sizeof *made);
  return made;
}

shape *object_add_limb(object *to, const place *at, vector a, vector b, float start_radius, float end_radius,
                       vector side)
{
  shape *made = object_add(to);
  made->kind = SHAPE_LIMB;
  made->origin = add(at->origin, turned(a, at->heading));
  const vector along = subtract(b, a);
  made->length = sqrtf(dot(along, along));
  const vector z = turned(made->length > 1e-4f ? unit(along) : (vector){0, 0, 1}, at->heading);
  side = turned(side, at->heading);
  made->axes[2] = z;
  made->axes[0] = unit(subtract(side, scale(z, dot(side, z))));
  made->axes[1] = cross(z, made->axes[0]);
  made->start_radius = start_radius;
  made->end_radius = end_radius;
  made->flatness = made->start_round = made->end_round = 1;
  return made;
}

shape *object_add_convex(object *to, const place *at, vector origin, float turn)
{
  shape *made = object_add(to);
  made->kind = SHAPE_CONVEX;
  made->origin = add(at->origin, turned(origin, at->heading));
  made->axes[0] = turned((vector){1, 0, 0}, at->heading + turn);
  made->axes[1] = turned((vector){0, 1, 0}, at->heading + turn);
  made->axes[2] = (vector){0, 0, 1};
  return made;
}

void shape_add_plane(shape *to, vector normal, float distance)
{
  if (to->plane_count == SHAPE_MOST_PLANES) return;
  const float length = sqrtf(dot(normal, normal));
  to->planes[to->plane_count].normal = scale(normal, 1 / length);
  to->planes[to->plane_count++].distance = distance / length;
}

shape *object_add_box(object *to, const place *at, vector centre, vector half, float turn)
{
  shape *made = object_add_convex(to, at, centre, turn);
  shape_add_plane(made, (vector){1, 0, 0}, half.x);
  shape_add_plane(made, (vector){-1, 0, 0}, half.x);
  shape_add_plane(made, (vector){0, 1, 0}, half.y);
  shape_add_plane(made, (vector){0, -1, 0}, half.y);
  shape_add_plane(made, (vector){0, 0, 1}, half.z);
  shape_add_plane(made, (vector){0, 0, -1}, half.z);
  made->low = scale(half, -1);
  made->high = half;
  return made;
}

/* ---- Meeting ----------------------------------------------------------------------------------------------------- */

static vector into(const shape *of, vector a)
{
  vector local = {dot(a, of->axes[0]), dot(a, of->axes[1]), dot(a, of->axes[2])};
  if (of->kind == SHAPE_LIMB) local.y /= of->flatness;
  return local;
}

vector shape_to_street(const shape *of, vector a)
{
  return add(add(scale(of->axes[0], a.x), scale(of->axes[1], a.y)), scale(of->axes[2], a.z));
}

shape_rays shape_rays_of(const shape *of, vector from, vector direction, vector right, vector down)
{
  return (shape_rays){into(of, subtract(from, of->origin)), into(of, direction), into(of, right), into(of, down)};
}

static vector ray(const shape_rays *rays, float column, float row)
{
  return (vector){rays->direction.x + column * rays->right.x + row * rays->down.x,
                  rays->direction.y + column * rays->right.y + row * rays->down.y,
                  rays->direction.z + column * rays->right.z + row * rays->down.z};
}

/* The lesser solution of a t^2 + 2 b t + c = 0, or -1. */
static float entry(float a, float b, float c)
{
  const float under = b * b - a * c;
  if (under < 0 || a <= 0) return -1;
  return (-b - sqrtf(under)) / a;
}

/* An end at height z, looking out to outside (-1 or 1). */
static float meet_end(vector o, vector d, float z, float radius, float round, float outside)
{
  o.z -= z;
  if (round <= 0) {
    if (d.z * outside >= 0) return -1;
    const float t = -o.z / d.z, x = o.x + t * d.x, y = o.y + t * d.y;
    return x * x + y * y <= radius * radius ? t : -1;
  }
  const float squeeze = 1 / (round * round);
  const float t = entry(d.x * d.x + d.y * d.y + d.z * d.z * squeeze, o.x * d.x + o.y * d.y + o.z * d.z * squeeze,
                        o.x * o.x + o.y * o.y + o.z * o.z * squeeze - radius * radius);
  return t > 0 && (o.z + t * d.z) * outside >= 0 ? t : -1;
}

static float meet_limb(const shape *of, vector o, vector d)
{
  float nearest = -1;
  if (of->length > 0) {
    const float slope = (of->end_radius - of->start_radius) / of->length;
    const float radius = of->start_radius + slope * o.z, widening = slope * d.z;
    const float t = entry(d.x * d.x + d.y * d.y - widening * widening, o.x * d.x + o.y * d.y - radius * widening,
                          o.x * o.x + o.y * o.y - radius * radius);
    const float z = o.z + t * d.z;
    if (t > 0 && z >= 0 && z <= of->length) nearest = t;
  }
  const float start = meet_end(o, d, 0, of->start_radius, of->start_round, -1);
  const float end = meet_end(o, d, of->length, of->end_radius, of->end_round, 1);
  if (start > 0 && (nearest < 0 || start < nearest)) nearest = start;
  if (end > 0 && (nearest < 0 || end < nearest)) nearest = end;
  return nearest;
}

static float meet_convex(const shape *of, vector o, vector d)
{
  float enters = 0, leaves = 1e9f;
  for (int i = 0; i < of->plane_count; ++i) {
    const float outside = dot(of->planes[i].normal, o) - of->planes[i].distance, speed = dot(of->planes[i].normal, d);
    if (speed < 0) {
      const float t = -outside / speed;
      if (t > enters) enters = t;
    } else if (speed > 0) {
      const float t = -outside / speed;
      if (t < leaves) leaves = t;
    } else if (outside > 0) {
      return -1;
    }
    if (enters > leaves) return -1;
  }
  return enters > 0 ? enters : -1;
}

float shape_meet(const shape *of, const shape_rays *rays, float column, float row)
{
  const vector direction = ray(rays, column, row);
  return of->kind == SHAPE_LIMB ? meet_limb(of, rays->origin, direction) : meet_convex(of, rays->origin, direction);
}

static vector limb_normal(const shape *of, vector p)
{
  float z = 0;
  if (p.z > of->length) {
    z = of->end_round > 0 ? (p.z - of->length) / (of->end_round * of->end_round) : 1;
  } else if (p.z < 0) {
    z = of->start_round > 0 ? p.z / (of->start_round * of->start_round) : -1;
  } else if (of->length > 0) {
    const float slope = (of->end_radius - of->start_radius) / of->length;
    const float radius = of->start_radius + slope * p.z;
    /* A point of a flat end lies inside the tube, and may lie a little within its length. */
    const bool near_end = fminf(p.z, of->length - p.z) < 0.002f;
    if (near_end && p.x * p.x + p.y * p.y < radius * radius * 0.98f) {
      return (vector){0, 0, p.z * 2 > of->length ? 1.f : -1.f};
    }
    z = -radius * slope;
  }
  return unit((vector){p.x, p.y / of->flatness, z});
}

void shape_point(const shape *of, const shape_rays *rays, float column, float row, float t, vector *point,
                 vector *normal)
{
  vector p = add(rays->origin, scale(ray(rays, column, row), t));
  if (of->kind == SHAPE_LIMB) {
    *normal = limb_normal(of, p);
    p.y *= of->flatness;
  } else {
    float nearest = -1e9f;
    for (int i = 0; i < of->plane_count; ++i) {
      const float outside = dot(of->planes[i].normal, p) - of->planes[i].distance;
      if (outside > nearest) {
        nearest = outside;
        *normal = of->planes[i].normal;
      }
    }
  }
  *point = p;
}
