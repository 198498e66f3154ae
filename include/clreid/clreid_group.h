/**
 * @file
 * clreid_group.h - one model on several devices: a batch is spread over them in proportion to their speed.
 *
 * Each member of a group is a model and a session on a device of its own. Every feature has the bits that the device
 * which made it gives alone; devices of one kind give the same bits, others agree within rounding, and which member
 * gets which pictures depends on how fast they were. Threads live only within a call: one for each member that has
 * work.
 *
 *     clreid_group_create -> clreid_group_embed ... -> clreid_group_destroy
 *
 * Thread rule: a group belongs to one thread at a time. The devices' logs are called from several threads at once.
 * Errors and NULL are treated as in clreid.h.
 */
#ifndef CLREID_GROUP_H
#define CLREID_GROUP_H

#include "clreid.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A model and a session on each of several devices. */
typedef struct clreid_group clreid_group;

enum { CLREID_GROUP_MOST = 64 }; /**< devices of a group */

/** Loads the weight file at path and creates a session on each of devices[count], 1 to CLREID_GROUP_MOST of them, all
 * at once, then runs one pass of grey pictures on each, all at once too, to see how fast it is. model and session,
 * either NULL for the defaults, are the same for all. A device that cannot run the model is left out, which its log is
 * told; the call fails with the error of the first if none is left, or if the fault is not a device's (a wrong file).
 * The devices may be closed afterwards. *group belongs to the caller: give it to clreid_group_destroy.
 * @threads any
 * @errors CLREID_INVALID_ARGUMENT: count outside 1 to CLREID_GROUP_MOST, a device that is NULL; those of
 * clreid_model_load and clreid_session_create */
CLREID_API clreid_status clreid_group_create(clreid_device *const *devices, size_t count, const char *path,
                                             const clreid_model_config *model, const clreid_session_config *session,
                                             clreid_group **group, clreid_error *error);
/** Waits for nothing, for nothing runs between calls. NULL is allowed.
 * @threads any, while no other is in a call with this handle
 * @errors none */
CLREID_API void clreid_group_destroy(clreid_group *group);

/** Embeds as clreid_embed_maps does, in the order of pictures[count]; each member gets a run of neighbouring ones, as
 * many as its speed is worth, and its speed is measured anew. neck and pooled, each float[count][D] of the caller or
 * NULL, and maps as clreid_embed_maps takes them; maps may be NULL, and must be if the model was loaded without. A
 * member that fails by a fault of its device (CLREID_DEVICE_FAILED, CLREID_OUT_OF_DEVICE_MEMORY) leaves the group,
 * which its log is told, and the others do its part; the last one's error is returned.
 * @threads one a group at a time
 * @errors those of clreid_embed_maps; on an error the content of neck, pooled and maps is undefined, but after
 * CLREID_INVALID_PICTURE */
CLREID_API clreid_status clreid_group_embed(clreid_group *group, const clreid_picture *pictures, size_t count,
                                            float *neck, float *pooled, float *const *maps, clreid_error *error);

/** A member; model and session belong to the group and are there to be described. */
typedef struct clreid_group_member {
  const clreid_model *model;     /**< NULL if the device was left out at the start, as is ... */
  const clreid_session *session; /**< ... its session */
  bool failed;                   /**< it gets no pictures */
  double pictures_per_second;    /**< as measured; 0 in a group of one, which measures nothing at its start */
  size_t pictures;               /**< its part of the last call */
} clreid_group_member;

/** The member on devices[index] of the call that created the group, to *member, of the caller; returns false if index
 * is outside [0, count).
 * @threads one a group at a time
 * @errors none */
CLREID_API bool clreid_group_member_at(const clreid_group *group, size_t index, clreid_group_member *member);

#ifdef __cplusplus
}
#endif
#endif
