/**
 * @file
 * clreid.h - what an application sees of libclreid: pictures in, re-identification embeddings out, on any OpenCL
 * device.
 *
 * Life cycle: open a device, load a model on it, create a session for a largest batch, embed any number of batches.
 *
 *     clreid_device_open -> clreid_model_load -> clreid_session_create -> clreid_embed ...
 *     clreid_session_destroy, clreid_model_free, clreid_device_close, in any order
 *
 * Thread rule, where a function says nothing else: devices and models are shared and may be used by several threads at
 * a time; a session belongs to one thread at a time; sessions are independent of each other. A handle is given back
 * when no other thread is in a call with it. A config struct that is all zero bytes is the documented default; NULL in
 * its place means the same; the texts that it points to are copied, what it names otherwise (log_user) must live as
 * long as the handle. Every call returns a status and, where it fails, fills *error (if not NULL) with one line that
 * says what is wrong; a handle or list that it should have given is NULL then. The library does not read picture files,
 * does not print, and keeps no global state.
 *
 * Errors that functions do not repeat: CLREID_INVALID_ARGUMENT where a pointer that must be there is NULL, and "the
 * machine's": CLREID_OUT_OF_MEMORY, CLREID_OUT_OF_DEVICE_MEMORY and CLREID_DEVICE_FAILED.
 *
 * All of this holds for the other headers too: clreid_group.h (several devices), clreid_gallery.h (find features
 * again), clreid_evaluate.h (judge and re-rank them), clreid_opencl.h (an application's own context, queue, memory).
 */
#ifndef CLREID_H
#define CLREID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clreid_status.h"

#if defined(_WIN32) && defined(CLREID_BUILDING)
#define CLREID_API __declspec(dllexport)
#elif defined(__GNUC__) && !defined(_WIN32)
#define CLREID_API __attribute__((visibility("default")))
#else
#define CLREID_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** An OpenCL device, with its context and its compiled programs. */
typedef struct clreid_device clreid_device;
/** A network and its weights on a device. */
typedef struct clreid_model clreid_model;
/** A model with a queue and with memory for the activations of a pass: what runs it. */
typedef struct clreid_session clreid_session;

/** "MAJOR.MINOR.PATCH" of the library that runs; static.
 * @threads any
 * @errors none */
CLREID_API const char *clreid_version(void);

/** The name of a status, "CLREID_OK" and so on; static, never NULL, whatever number status is.
 * @threads any
 * @errors none */
CLREID_API const char *clreid_status_name(clreid_status status);

/** Called with one line (no newline) that is worth saying: a dropped cache entry, a choice of the plan. The line is
 * borrowed for the call; user is what was given beside the function. It may be called from any thread that calls the
 * library, for the time of that call, by several at once; it must not call the library itself. NULL: the library is
 * silent. */
typedef void clreid_log(void *user, const char *line);

/* ---- Devices ---------------------------------------------------------------------------------------------------- */

/** As the driver says it. */
typedef enum clreid_device_type {
  CLREID_DEVICE_OTHER = 0,   /**< none of these, custom devices among them */
  CLREID_DEVICE_CPU,         /**< the processor itself */
  CLREID_DEVICE_GPU,         /**< a graphics processor; so is what claims to be that among other types */
  CLREID_DEVICE_ACCELERATOR, /**< what is neither, and runs kernels */
} clreid_device_type;

/** Facts of one device, read once when it is listed. */
typedef struct clreid_device_info {
  int index;                     /**< place in the flat list over all platforms, from 0 */
  clreid_device_type type;       /**< of several that it claims, GPU before CPU before accelerator */
  bool is_default;               /**< what a NULL choice opens */
  bool usable;                   /**< false: problem says why */
  char name[128];                /**< as the driver gives it, as all texts here */
  char vendor[128];              /**< who made the device */
  char platform[128];            /**< name of the platform */
  char version[128];             /**< OpenCL version as the device gives it */
  char driver[128];              /**< version of the driver */
  char problem[128];             /**< empty if usable */
  unsigned compute_units;        /**< 0 where the driver does not say, as the next */
  unsigned clock_mhz;            /**< at most */
  unsigned float_vector_width;   /**< native, in floats */
  bool fused_multiply_add;       /**< fma() is there; whether it is fast, the compiler of kernels says */
  bool half_arithmetic;          /**< cl_khr_fp16; storage in half needs no extension */
  uint64_t global_memory_bytes;  /**< of the device */
  uint64_t largest_buffer_bytes; /**< that one allocation may have */
  uint64_t local_memory_bytes;   /**< of a work-group */
  uint64_t largest_work_group;   /**< in work-items */
} clreid_device_info;

/** Lists the devices of all platforms. *list [*count] belongs to the caller: give it to clreid_devices_free.
 * A platform that fails is left out and said to log, with log_user.
 * @threads any
 * @errors CLREID_UNSUPPORTED_PLATFORM: no platform or no device at all; the machine's */
CLREID_API clreid_status clreid_devices_list(clreid_device_info **list, size_t *count, clreid_log *log, void *log_user,
                                             clreid_error *error);
/** Frees a list of clreid_devices_list; NULL is allowed.
 * @threads any
 * @errors none */
CLREID_API void clreid_devices_free(clreid_device_info *list);

/** What a device is opened with. */
typedef struct clreid_device_config {
  const char *choice;        /**< "cpu", "gpu", or an index of the list in decimal; NULL: the fastest GPU by its facts,
                                else a CPU; devices that claim several types come last */
  const char *cache_folder;  /**< compiled programs; NULL: clreid/ in the user's cache folder; "": no cache */
  const char *tuning_folder; /**< tuning.rows, what clreid_tune keeps; NULL: the environment variable CLREID_TUNING if
                                set, else clreid/ in the user's cache folder; "": none is read or written */
  const char *kernel_folder; /**< reads *.cl from there, for kernel development; NULL: the environment variable
                                CLREID_KERNELS if set, else the kernels built into the library */
  clreid_log *log;           /**< NULL: silent. It is called for as long as the device lives */
  void *log_user;            /**< given to log; it must live as long as the device */
} clreid_device_config;

/** Opens the device that config chooses, in a context of its own. *device belongs to the caller: give it to
 * clreid_device_close.
 * @threads any
 * @errors CLREID_INVALID_ARGUMENT: a choice that is none of cpu, gpu or an index; CLREID_UNSUPPORTED_PLATFORM: no
 * platform or no device at all; CLREID_UNSUPPORTED_DEVICE: no such device, or it cannot be used, for the reason that
 * the text gives; the machine's */
CLREID_API clreid_status clreid_device_open(const clreid_device_config *config, clreid_device **device,
                                            clreid_error *error);
/** The device lives on until the last model, session and gallery on it are gone. NULL is allowed.
 * @threads any, while no other is in a call with this handle
 * @errors none */
CLREID_API void clreid_device_close(clreid_device *device);
/** Fills *info, of the caller, with the facts of the device; nothing happens if device or info is NULL.
 * @threads any
 * @errors none */
CLREID_API void clreid_device_describe(const clreid_device *device, clreid_device_info *info);

/** What a device does at most in a second. */
typedef struct clreid_device_peaks {
  double multiply_adds; /**< float32, in sums that wait for nothing */
  double copied_bytes;  /**< read and written, both counted, by a copy between buffers larger than the caches */
} clreid_device_peaks;

/** Measures both *peaks, of the caller, on the device, each as the best of several short runs by the host's clock: what
 * the steps of a profile may be compared with. Takes about a second, and 512 MiB of device memory (less on a small
 * device) for that time; whatever else runs on the device makes the figures smaller.
 * @threads any
 * @errors the machine's */
CLREID_API clreid_status clreid_device_measure(clreid_device *device, clreid_device_peaks *peaks, clreid_error *error);

/** Runs every operator of the library on the device against double-precision arithmetic on the host, at odd and even
 * shapes. *checks (if not NULL) receives the number of comparisons made. Takes a few seconds.
 * @threads any
 * @errors CLREID_DEVICE_FAILED: an operator is wrong, which the text names with both numbers, or an OpenCL call failed;
 * the machine's others */
CLREID_API clreid_status clreid_selftest(clreid_device *device, int *checks, clreid_error *error);

/* ---- Networks --------------------------------------------------------------------------------------------------- */

/** A network with its default options. */
typedef struct clreid_network_info {
  const char *name;               /**< static */
  int height;                     /**< of its input, in pixels */
  int width;                      /**< likewise */
  int feature_length;             /**< D */
  uint64_t parameters;            /**< numbers in a weight file */
  uint64_t multiply_adds;         /**< a picture, as the network is written */
  uint64_t planned_multiply_adds; /**< a picture, after the exact contractions */
} clreid_network_info;

/** The table of networks, with the default options of each: *info, of the caller, receives that at index. Returns false
 * if index is outside [0, number of networks), or if there is no memory to build the network.
 * @threads any
 * @errors none */
CLREID_API bool clreid_network_at(size_t index, clreid_network_info *info);

/** Writes a weight file to path with random weights: good for trying the library and for timing, not for
 * identification. The same network, options and seed give the same bytes on every machine. options[option_count] are
 * "KEY=VALUE", the network's own and those of preprocessing (mean, std, channels, resize). The file appears whole or
 * not at all.
 * @threads any
 * @errors CLREID_INVALID_NETWORK: an unknown network, an option that it does not take, a value that cannot be;
 * CLREID_INVALID_ARGUMENT: an option that is not KEY=VALUE, is given twice, or more than 32; CLREID_INVALID_WEIGHTS: an
 * unknown value of preprocessing; CLREID_INVALID_FILE: path cannot be written; CLREID_OUT_OF_MEMORY */
CLREID_API clreid_status clreid_weights_random(const char *network, const char *const *options, size_t option_count,
                                               uint64_t seed, const char *path, clreid_error *error);

/* ---- Models ----------------------------------------------------------------------------------------------------- */

/** What weights, activations and galleries are stored as; sums are float32 always. */
typedef enum clreid_precision {
  CLREID_FP32 = 0, /**< 4 bytes a number */
  CLREID_FP16,     /**< weights and activations are stored as half, 2 bytes; sums are float32 all the same */
} clreid_precision;

/** How RGA's relation between all pairs of positions is computed: the affinity matrix R = Theta^T Phi, and a 1x1
 * convolution of [R[j, :]; R[:, j]] for each node j (Z. Zhang, C. Lan, W. Zeng, X. Jin, Z. Chen, "Relation-Aware Global
 * Attention for Person Re-identification", arXiv 1904.02998, Eq. 1-3). Nothing non-linear stands between, so
 * W [R[j, :]; R[:, j]] = (W_row Phi^T) theta_j + (W_column Theta^T) phi_j. */
typedef enum clreid_relation {
  CLREID_RELATION_AUTO = 0,   /**< by multiply-adds, stage by stage */
  CLREID_RELATION_PLAIN,      /**< the affinity matrix R is formed, as the paper writes it */
  CLREID_RELATION_CONTRACTED, /**< R is never formed */
} clreid_relation;

/** How attention of positions to positions is computed (fnc). */
typedef enum clreid_attention {
  CLREID_ATTENTION_AUTO = 0, /**< fused where the device has local memory of its own that holds it */
  CLREID_ATTENTION_PLAIN,    /**< the map of positions by positions is stored */
  CLREID_ATTENTION_FUSED,    /**< it never is; UNSUPPORTED if local memory is too small. The same bits in float32 */
} clreid_attention;

/** Who multiplies matrices. */
typedef enum clreid_gemm {
  CLREID_GEMM_OWN = 0, /**< bit-identical results whatever the batch */
  CLREID_GEMM_CLBLAST, /**< the affinity products go to CLBlast; UNSUPPORTED if the library was built without it */
} clreid_gemm;

/** How a model is loaded. */
typedef struct clreid_model_config {
  /** NULL: as the file's metadata says; otherwise it must agree with the metadata, if that has one */
  const char *network;
  clreid_precision precision; /**< of weights and activations */
  clreid_relation relation;   /**< of the networks that have one (rga) */
  clreid_gemm gemm;           /**< of the affinity products */
  bool direct_convolution; /**< no minimal filtering (Winograd; A. Lavin, S. Gray, arXiv 1509.09308): slower, a little
                              more exact */
  bool plain_kernels;      /**< use the plain twin of every kernel: slow, for checks */
  clreid_attention attention; /**< of the networks that have one (fnc) */
  bool maps; /**< for clreid_embed_maps: more device memory and a few more launches a pass; the same features */
} clreid_model_config;

/** Loads the safetensors file at path: F32, F16 or BF16 tensors, names as in the papers' published checkpoints,
 * metadata that names the network, its options and its preprocessing. Everything is validated before the device sees a
 * byte. The file is not needed afterwards. *model belongs to the caller: give it to clreid_model_free.
 * @threads any
 * @errors CLREID_INVALID_FILE: the file cannot be read; CLREID_INVALID_WEIGHTS: no safetensors file, a tensor that is
 * missing, too many or of another shape, a number that is not finite, an unknown value of preprocessing;
 * CLREID_INVALID_NETWORK: the network is unknown, not named, or another than the file's, or does not take an option's
 * value; CLREID_INVALID_ARGUMENT: a value of config that does not exist; CLREID_UNSUPPORTED_MODEL or
 * CLREID_UNSUPPORTED_DEVICE: what config asks for cannot be done here; the machine's */
CLREID_API clreid_status clreid_model_load(clreid_device *device, const char *path, const clreid_model_config *config,
                                           clreid_model **model, clreid_error *error);
/** The model lives on until the last session of it is gone. NULL is allowed.
 * @threads any, while no other is in a call with this handle
 * @errors none */
CLREID_API void clreid_model_free(clreid_model *model);

/** What was loaded. */
typedef struct clreid_model_info {
  const char *network;            /**< lives as long as the model */
  int height;                     /**< in pixels, that pictures are resized to */
  int width;                      /**< likewise */
  int feature_length;             /**< D */
  uint64_t parameters;            /**< numbers in the weight file */
  uint64_t weight_bytes;          /**< on the device */
  uint64_t multiply_adds;         /**< a picture, as the network is written */
  uint64_t planned_multiply_adds; /**< a picture, after the exact contractions */
} clreid_model_info;
/** Fills *info, of the caller; nothing happens if model or info is NULL.
 * @threads any
 * @errors none */
CLREID_API void clreid_model_describe(const clreid_model *model, clreid_model_info *info);

/** What the numbers of a map are. */
typedef enum clreid_map_kind {
  CLREID_MAP_HEAT = 0, /**< how much the network attends to each place of the picture: numbers in (0, 1) */
  CLREID_MAP_REGIONS,  /**< the centres of the regions that it looks at: rows (x, y), from -1 (left, top) to 1 */
} clreid_map_kind;

/** A map of attention for people to look at, float[height][width] for each picture. */
typedef struct clreid_map_info {
  const char *name;     /**< "rga1"; lives as long as the model */
  clreid_map_kind kind; /**< what its numbers are */
  int height;           /**< of a heat map, over all of the picture; of regions: how many */
  int width;            /**< likewise; of regions: 2 */
  float region_height;  /**< of each region, the picture's height being 1; 0 for a heat map */
  float region_width;   /**< likewise, the picture's width being 1 */
} clreid_map_info;

/** The maps of a model that was loaded with maps: *info, of the caller, receives that at index. Returns false if index
 * is outside [0, number of maps). Some networks have none.
 * @threads any
 * @errors none */
CLREID_API bool clreid_model_map_at(const clreid_model *model, size_t index, clreid_map_info *info);

/* ---- Sessions --------------------------------------------------------------------------------------------------- */

/** How a session is created. */
typedef struct clreid_session_config {
  int largest_batch; /**< 0 means 1; 65536 at most */
  bool profile; /**< for clreid_session_profile: the driver notes the times of every launch, which costs a little */
  bool sleeping_wait; /**< waiting for the device leaves the processor to others, and takes a sixteenth longer at most,
                         5 ms at most; otherwise the driver waits, and some drivers spin */
} clreid_session_config;

/** As config says: plans memory, builds and launches everything once. After this, a run compiles and allocates nothing
 * (but a larger upload buffer, when a batch has more pixels than any before it, and resize tables for sizes not seen
 * before). A largest batch that the device has no room for is run in smaller passes. *session belongs to the caller:
 * give it to clreid_session_destroy; model may be freed before.
 * @threads any
 * @errors CLREID_INVALID_ARGUMENT: a largest batch outside 1 to 65536; CLREID_OUT_OF_DEVICE_MEMORY: not even a single
 * picture fits; CLREID_UNSUPPORTED_DEVICE: the device lacks what a kernel needs; the machine's others */
CLREID_API clreid_status clreid_session_create(clreid_model *model, const clreid_session_config *config,
                                               clreid_session **session, clreid_error *error);
/** Waits for what the session has enqueued (clreid_session_create_on: does not), and frees it. NULL is allowed.
 * @threads any, while no other is in a call with this handle
 * @errors none */
CLREID_API void clreid_session_destroy(clreid_session *session);

/** What was planned. */
typedef struct clreid_session_info {
  int largest_batch;    /**< as it was asked for */
  int pass_batch;       /**< pictures that the device works on at a time: as many of them as its memory holds */
  int launches;         /**< kernel launches of such a pass */
  uint64_t arena_bytes; /**< device memory for the activations of such a pass */
} clreid_session_info;
/** Fills *info, of the caller; nothing happens if session or info is NULL.
 * @threads any
 * @errors none */
CLREID_API void clreid_session_describe(const clreid_session *session, clreid_session_info *info);

/** An 8-bit RGB picture of any size, pixels[height][pitch_bytes], three bytes a pixel; borrowed for the call. */
typedef struct clreid_picture {
  const uint8_t *pixels; /**< R, G, B of the left top pixel first */
  int width;             /**< in pixels, 1 to 65535 */
  int height;            /**< likewise */
  size_t pitch_bytes;    /**< from row to row; 0 means 3 * width */
  bool mirrored;         /**< left and right exchanged after the resize: for the flip test */
} clreid_picture;

/** Embeds pictures[count] (any number: more than fit a pass are run in several), each resized to the network's size as
 * Pillow's Image.resize does, to the last bit, and normalised as the weight file's metadata says.
 * neck (feat) and pooled (feat_), each float[count][D] of the caller or NULL, receive the feature after and before the
 * batch norm neck. The bits of a feature do not depend on the other pictures of the call. On an error the content of
 * both is undefined, but after CLREID_INVALID_PICTURE, which is found before anything is embedded.
 * @threads one a session at a time
 * @errors CLREID_INVALID_PICTURE: one without pixels or beyond the size limit, which the text names by its index;
 * CLREID_NOT_FINITE: a feature overflowed, the text names the step; CLREID_UNSUPPORTED_DEVICE: a picture so much larger
 * than the network's that the driver would end the kernel's loops (llvmpipe), found in its pass; the machine's */
CLREID_API clreid_status clreid_embed(clreid_session *session, const clreid_picture *pictures, size_t count,
                                      float *neck, float *pooled, clreid_error *error);

/** clreid_embed of pictures[count] to neck and pooled, and the maps of attention of the same pass. maps[number of maps
 * of the model], of the caller, each float[count][height][width] of its clreid_map_info or NULL, receive one map for
 * each picture, of the picture as the network sees it: a mirrored one's is mirrored.
 * @threads one a session at a time
 * @errors CLREID_INVALID_ARGUMENT: the model was loaded without maps; and those of clreid_embed */
CLREID_API clreid_status clreid_embed_maps(clreid_session *session, const clreid_picture *pictures, size_t count,
                                           float *neck, float *pooled, float *const *maps, clreid_error *error);

/** Where the time of a pass went: one row each for the upload (packing included), the resize, every step of the plan in
 * its order, what is between launches, and the way back. */
typedef struct clreid_profile_row {
  const char *name;    /**< "conv1"; unique but for steps of the network that share one */
  const char *kind;    /**< of the operator, "conv"; of a row that is no step, its name */
  const char *variant; /**< the kernel's, "conv 12x2x16"; empty where nothing is launched */
  int launches;        /**< kernel launches */
  double ms;           /**< that the device was busy with it; of upload, read back and between launches: that passed */
  uint64_t multiply_adds; /**< of the batch, as planned */
  uint64_t bytes; /**< of the batch: what the step reads and writes at the least, each operand and weight once; of
                     upload and read back, what crosses between host and device */
} clreid_profile_row;

/** The profile of the last pass: of the last pass_batch pictures, or what remained of them, of the last call that
 * embedded any. *rows [*count], its texts too, belong to the session until its next call or its end. *pass_ms receives
 * the time of the whole pass by the host's clock; what it exceeds the sum of all rows is not explained by them (the
 * host's waking up, at the end).
 * @threads one a session at a time
 * @errors CLREID_INVALID_ARGUMENT: the session was created without profile, or no pass has ended well yet; the
 * machine's */
CLREID_API clreid_status clreid_session_profile(clreid_session *session, const clreid_profile_row **rows, size_t *count,
                                                double *pass_ms, clreid_error *error);

/* ---- Boxes of frames -------------------------------------------------------------------------------------------- */

/** Bytes of a pixel in memory, or planes. */
typedef enum clreid_format {
  CLREID_FORMAT_RGB = 0,    /**< three bytes */
  CLREID_FORMAT_BGR,        /**< three bytes, as OpenCV has them */
  CLREID_FORMAT_RGBA,       /**< four; A is ignored */
  CLREID_FORMAT_BGRA,       /**< four; A is ignored */
  CLREID_FORMAT_GREY,       /**< one byte: R = G = B */
  CLREID_FORMAT_NV12_BT601, /**< Y, U, V of limited range, as ITU-R BT.601 ... */
  CLREID_FORMAT_NV12_BT709, /**< ... and BT.709 define them: cl/resize.cl says the formula */
} clreid_format;

/** 8-bit pixels, borrowed for the call: pixels[height][pitch_bytes]. NV12 has its Y there and in a second plane, chroma
 * [(height + 1) / 2][chroma_pitch_bytes], one pair U, V for each 2 x 2 pixels: that of pixel (x, y) is the pair (x / 2,
 * y / 2), not interpolated. R, G and B are within 1 of the formula in real numbers. */
typedef struct clreid_frame {
  const uint8_t *pixels;     /**< the left top pixel first; of NV12 its Y */
  const uint8_t *chroma;     /**< NV12 alone; else ignored */
  int width;                 /**< in pixels, 1 to 65535; odd ones too */
  int height;                /**< likewise */
  size_t pitch_bytes;        /**< from row to row; 0: without gaps, as chroma_pitch_bytes */
  size_t chroma_pitch_bytes; /**< from row to row of chroma */
  clreid_format format;      /**< of pixels and chroma */
} clreid_frame;

/** In pixels, from the left and top edge of the frame. Its corners x, y and x + width, y + height are rounded to whole
 * numbers, halves away from zero, then cut to the frame. */
typedef struct clreid_box {
  float x;      /**< of the left edge */
  float y;      /**< of the top edge */
  float width;  /**< from the left edge to the right one */
  float height; /**< from the top edge to the bottom one */
} clreid_box;

/** Whole pixels of a frame. */
typedef struct clreid_rectangle {
  int x;      /**< the first column */
  int y;      /**< the first row */
  int width;  /**< columns */
  int height; /**< rows */
} clreid_rectangle;

/** The pixels that a box stands for: *rectangle, of the caller; of the frame only width and height are looked at.
 * @threads any
 * @errors CLREID_INVALID_PICTURE: there are none, a corner is not finite, or the frame's size cannot be:
 * clreid_embed_boxes would refuse it */
CLREID_API clreid_status clreid_box_pixels(const clreid_frame *frame, const clreid_box *box,
                                           clreid_rectangle *rectangle, clreid_error *error);

/** Embeds boxes[count] of a frame: the same bits as clreid_embed gives for pictures of the same pixels, no pixel
 * outside a box counts. What the boxes need of the frame is uploaded once, and cropped, resized and normalised on the
 * device. neck and pooled: float[count][D] or NULL, as clreid_embed. All is checked before anything is embedded.
 * @threads one a session at a time
 * @errors CLREID_INVALID_PICTURE: a frame or box that cannot be; the text names the first such box, and neck and pooled
 * are as they were; CLREID_NOT_FINITE and CLREID_UNSUPPORTED_DEVICE: as clreid_embed; the machine's */
CLREID_API clreid_status clreid_embed_boxes(clreid_session *session, const clreid_frame *frame, const clreid_box *boxes,
                                            size_t count, float *neck, float *pooled, clreid_error *error);

/** Some boxes of a frame. */
typedef struct clreid_frame_boxes {
  const clreid_frame *frame; /**< neighbours in a list that have the same one share its upload */
  const clreid_box *boxes;   /**< [count]; there may be none */
  size_t count;              /**< of boxes */
  bool mirrored;             /**< left and right exchanged after the resize: for the flip test */
} clreid_frame_boxes;

/** clreid_embed_boxes for frames[frame_count]: batches are filled across them. neck, pooled and maps (NULL: none, else
 * as clreid_embed_maps) receive the boxes one after another in the order of the list.
 * @threads one a session at a time
 * @errors those of clreid_embed_boxes, whose text names frame and box by their index; CLREID_INVALID_ARGUMENT: maps of
 * a model that was loaded without, an entry without frame or boxes */
CLREID_API clreid_status clreid_embed_frames(clreid_session *session, const clreid_frame_boxes *frames,
                                             size_t frame_count, float *neck, float *pooled, float *const *maps,
                                             clreid_error *error);

/* ---- Tuning ----------------------------------------------------------------------------------------------------- */

/** What is tuned, and for how long. */
typedef struct clreid_tune_config {
  int largest_batch; /**< of the sessions that shall be fast; 0 means 1 */
  double seconds;    /**< that it may take, roughly; 0 means 60 */
} clreid_tune_config;

/** What was found for one shape; texts live for the time of the call. */
typedef struct clreid_tune_layer {
  int done;           /**< shapes, this one among them */
  int total;          /**< shapes */
  const char *name;   /**< the first layer of this shape */
  const char *shape;  /**< "kernel=conv precision=fp32 rows=2048 ..." */
  int layers;         /**< of this shape */
  const char *before; /**< the variant that layers of this shape had: "conv 6x1x16" */
  const char *after;  /**< the one that they are given from now on; NULL: they keep what they have */
  double ratio;       /**< time of after / time of before, measured in turns; 1 if they keep it */
  int tried;          /**< variants */
} clreid_tune_layer;

/** Called from clreid_tune's thread after each shape. */
typedef void clreid_tune_progress(void *user, const clreid_tune_layer *layer);

/** What a tuning has found. */
typedef struct clreid_tune_info {
  int shapes;         /**< that the model's layers have */
  int tuned;          /**< of them in time */
  int kept;           /**< shapes that were given another variant */
  int tried;          /**< variants in all ... */
  int refused;        /**< ... and those that failed or gave other bits; the log names them */
  double seconds;     /**< that it took */
  const char *folder; /**< of tuning.rows; lives as long as the model; NULL: none, what was kept ends with the device */
} clreid_tune_info;

/** Looks for the fastest variant of each of the model's layers on its device, the most expensive first, as config says.
 * Every variant must give the same bits as the one before, and pass the self-test's shapes; what is faster by 3 % or
 * more is kept as a row of tuning.rows in the device's tuning folder, and given to sessions that are created from then
 * on, by this and other processes: their features have the same bits as before. Rows are for this device, driver and
 * version of the library, and for batches whose layers have the sizes that were tuned. Nothing else should run
 * meanwhile. progress (called with user) and info, of the caller, may be NULL.
 * @threads any; others may use the model, which makes the times worthless
 * @errors CLREID_INVALID_ARGUMENT: a batch or a time that cannot be; CLREID_INVALID_FILE: tuning.rows cannot be
 * written; the machine's */
CLREID_API clreid_status clreid_tune(clreid_model *model, const clreid_tune_config *config,
                                     clreid_tune_progress *progress, void *user, clreid_tune_info *info,
                                     clreid_error *error);

/** Drops the device's rows, those for its other drivers and versions of the library too; *dropped (if not NULL)
 * receives how many lines of the file they were.
 * @threads any
 * @errors CLREID_INVALID_FILE: tuning.rows cannot be written; CLREID_OUT_OF_MEMORY */
CLREID_API clreid_status clreid_tune_reset(clreid_device *device, size_t *dropped, clreid_error *error);

#ifdef __cplusplus
}
#endif
#endif
