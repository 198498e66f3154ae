/**
 * @file
 * clreid_status.h - the outcome of every call: a status code and an error text.
 *
 * The one vocabulary that all floors of the library share. It owns nothing but the two types; it never allocates.
 */
#ifndef CLREID_STATUS_H
#define CLREID_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

/** INVALID: the caller gave something that cannot be right. UNSUPPORTED: it is right, but this device or this version
 * of the library cannot do it. The rest: the machine failed. */
typedef enum clreid_status {
  CLREID_OK = 0,               /**< done */
  CLREID_INVALID_ARGUMENT,     /**< a null pointer, a number out of its range */
  CLREID_INVALID_FILE,         /**< a file that cannot be opened, read or written, or is no gallery */
  CLREID_INVALID_WEIGHTS,      /**< a weight file whose content is wrong */
  CLREID_INVALID_NETWORK,      /**< an unknown network, or an option it does not take */
  CLREID_INVALID_PICTURE,      /**< a picture without pixels, or beyond the size limit */
  CLREID_UNSUPPORTED_PLATFORM, /**< no OpenCL platform, or none with a device */
  CLREID_UNSUPPORTED_DEVICE,   /**< no such device, or it lacks what is needed */
  CLREID_UNSUPPORTED_MODEL,    /**< a model that does not fit the device */
  CLREID_NOT_FINITE,           /**< a feature overflowed; the text names the step, or the box */
  CLREID_OUT_OF_MEMORY,        /**< memory of the host */
  CLREID_OUT_OF_DEVICE_MEMORY, /**< memory of the device */
  CLREID_DEVICE_FAILED,        /**< an OpenCL call failed; the text names it and its code */
} clreid_status;

/** Room for the text of an error, its end included. */
#define CLREID_ERROR_TEXT_BYTES 1024

/** Filled by a call that fails: one line without a full stop or newline, with the numbers involved and the remedy.
 * Owned by the caller; every function takes a pointer to one, or NULL. A call that succeeds leaves it alone. */
typedef struct clreid_error {
  clreid_status status;               /**< what the call returned */
  char text[CLREID_ERROR_TEXT_BYTES]; /**< ends with a zero byte */
} clreid_error;

#ifdef __cplusplus
}
#endif
#endif
