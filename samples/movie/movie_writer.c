/*
 * movie_writer.c - see movie_writer.h. Encoding is libavcodec's work and the container libavformat's, whose bytes go
 * through output.h.
 */
#include "movie_writer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>

#include "console.h"
#include "movie.h"
#include "output.h"

enum {
  THREADS = 2,
  BUFFER_BYTES = 1 << 16,
  KEY_FRAME_DISTANCE = 50, /* frames: how far a player has to decode to reach one */
  MPEG4_QUANTISER = 3,     /* of 1 to 31 */
  SLACK_BYTES = 64,        /* libswscale may read a little beyond the last pixel */
  LARGEST_RATE = 65535,    /* what MPEG-4 part 2 can say of time */
};
static const char H264_PRESET[] = "veryfast", H264_QUALITY[] = "20"; /* constant rate factor, 0 to 51 */

struct movie_writer {
  output *file;
  AVFormatContext *container;
  AVIOContext *bytes;
  AVCodecContext *encoder;
  struct SwsContext *converter;
  AVFrame *frame;
  AVPacket *packet;
  AVStream *stream;
  uint8_t *even; /* [even height][even width][3], and SLACK_BYTES */
  char *path;
  int width, height; /* of the frames that are given */
  int64_t frames;
  clreid_error file_error; /* of the bytes' way to the file, which libav tells as a number only */
  bool file_failed;
};

/* ---- The way of the bytes */

#if LIBAVFORMAT_VERSION_MAJOR >= 61
typedef const uint8_t written_byte;
#else
typedef uint8_t written_byte;
#endif

static int write_bytes(void *user, written_byte *bytes, int size)
{
  movie_writer *made = user;
  if (!made->file_failed && output_write(made->file, bytes, (size_t)size, &made->file_error) == CLREID_OK) return size;
  made->file_failed = true;
  return AVERROR(EIO);
}

/* The container's head is completed when all frames are known. */
static int64_t seek_bytes(void *user, int64_t offset, int whence)
{
  movie_writer *made = user;
  if (whence != SEEK_SET || offset < 0) return AVERROR(EINVAL);
  if (output_seek(made->file, (uint64_t)offset, &made->file_error) == CLREID_OK) return offset;
  made->file_failed = true;
  return AVERROR(EIO);
}

static clreid_status fail(movie_writer *made, int number, const char *what, clreid_error *error)
{
  if (made->file_failed) {
    *error = made->file_error;
    return CLREID_INVALID_FILE;
  }
  char reason[MOVIE_REASON_BYTES];
  return console_fail(error, number == AVERROR(ENOMEM) ? CLREID_OUT_OF_MEMORY : CLREID_INVALID_ARGUMENT,
                      "cannot write '%s': %s: %s", made->path, what, movie_reason(number, reason));
}

/* ---- Creation, step by step */

static int open_encoder(movie_writer *made, AVRational rate)
{
  const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
  const bool is_h264 = codec != NULL;
  if (!codec) codec = avcodec_find_encoder(AV_CODEC_ID_MPEG4);
  if (!codec) return AVERROR_ENCODER_NOT_FOUND;
  AVCodecContext *encoder = made->encoder = avcodec_alloc_context3(codec);
  if (!encoder) return AVERROR(ENOMEM);
  encoder->width = made->width + made->width % 2;
  encoder->height = made->height + made->height % 2;
  encoder->pix_fmt = AV_PIX_FMT_YUV420P;
  encoder->colorspace = AVCOL_SPC_SMPTE170M; /* what libswscale makes of RGB */
  encoder->color_range = AVCOL_RANGE_MPEG;
  encoder->framerate = rate;
  encoder->time_base = av_inv_q(rate);
  encoder->gop_size = KEY_FRAME_DISTANCE;
  encoder->thread_count = THREADS;
  encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT; /* the same frames, the same bytes */
  if (is_h264) {
    av_opt_set(encoder->priv_data, "preset", H264_PRESET, 0);
    av_opt_set(encoder->priv_data, "crf", H264_QUALITY, 0);
  } else {
    encoder->flags |= AV_CODEC_FLAG_QSCALE;
    encoder->global_quality = MPEG4_QUANTISER * FF_QP2LAMBDA;
  }
  return avcodec_open2(encoder, codec, NULL);
}

static int open_container(movie_writer *made)
{
  int number = avformat_alloc_output_context2(&made->container, NULL, "mp4", NULL);
  if (number < 0) return number;
  uint8_t *buffer = av_malloc(BUFFER_BYTES);
  made->bytes = buffer ? avio_alloc_context(buffer, BUFFER_BYTES, 1, made, NULL, write_bytes, seek_bytes) : NULL;
  made->stream = avformat_new_stream(made->container, NULL);
  if (!made->bytes) av_free(buffer);
  if (!made->bytes || !made->stream) return AVERROR(ENOMEM);
  made->container->pb = made->bytes;
  made->container->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
  made->stream->time_base = made->encoder->time_base;
  made->stream->avg_frame_rate = made->encoder->framerate;
  number = avcodec_parameters_from_context(made->stream->codecpar, made->encoder);
  return number < 0 ? number : avformat_write_header(made->container, NULL);
}

static int make_buffers(movie_writer *made)
{
  const int width = made->encoder->width, height = made->encoder->height;
  made->packet = av_packet_alloc();
  made->frame = av_frame_alloc();
  if (!made->packet || !made->frame) return AVERROR(ENOMEM);
  made->frame->format = AV_PIX_FMT_YUV420P;
  made->frame->width = width;
  made->frame->height = height;
  made->even = calloc((size_t)width * (size_t)height * 3 + SLACK_BYTES, 1);
  if (!made->even) return AVERROR(ENOMEM);
  made->converter = sws_getContext(width, height, AV_PIX_FMT_RGB24, width, height, AV_PIX_FMT_YUV420P,
                                   SWS_BICUBIC | SWS_ACCURATE_RND, NULL, NULL, NULL);
  if (!made->converter) return AVERROR(ENOMEM);
  return av_frame_get_buffer(made->frame, 0);
}

clreid_status movie_writer_create(const char *path, int width, int height, int rate_numerator, int rate_denominator,
                                  movie_writer **made, clreid_error *error)
{
  *made = NULL;
  if (width < 1 || height < 1 || width > MOVIE_LARGEST_SIDE || height > MOVIE_LARGEST_SIDE) {
    return console_fail(error, CLREID_INVALID_ARGUMENT,
                        "cannot write '%s': frames of %dx%d, they must have 1 to %d a side", path, width, height,
                        MOVIE_LARGEST_SIDE);
  }
  AVRational rate;
  if (rate_numerator < 1 || rate_denominator < 1) {
    return console_fail(error, CLREID_INVALID_ARGUMENT, "cannot write '%s': %d/%d frames a second, give more than 0",
                        path, rate_numerator, rate_denominator);
  }
  av_reduce(&rate.num, &rate.den, rate_numerator, rate_denominator, LARGEST_RATE);
  if (rate.num == 0) rate = (AVRational){1, LARGEST_RATE}; /* of pictures that are days apart */

  movie_silence();
  movie_writer *writer = calloc(1, sizeof *writer);
  char *copy = strdup(path);
  if (!writer || !copy) {
    free(writer);
    free(copy);
    return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for writing '%s'", path);
  }
  writer->path = copy;
  writer->width = width;
  writer->height = height;
  clreid_status status = output_create(path, &writer->file, error);
  if (status == CLREID_OK) {
    int number = open_encoder(writer, rate);
    if (number >= 0) number = open_container(writer);
    if (number >= 0) number = make_buffers(writer);
    if (number < 0) status = fail(writer, number, "no encoder can be had", error);
  }
  if (status != CLREID_OK) {
    movie_writer_destroy(writer);
    return status;
  }
  *made = writer;
  return CLREID_OK;
}

/* ---- Frames */

/* A copy of pixels with its last column and row repeated where a side is odd. */
static const uint8_t *make_even(movie_writer *made, const uint8_t *pixels)
{
  const size_t row = (size_t)made->width * 3, even_row = (size_t)made->encoder->width * 3;
  for (int y = 0; y < made->encoder->height; ++y) {
    const int from = y < made->height ? y : made->height - 1;
    uint8_t *to = made->even + (size_t)y * even_row;
    memcpy(to, pixels + (size_t)from * row, row);
    memcpy(to + even_row - 3, to + row - 3, 3); /* itself, where the width is even */
  }
  return made->even;
}

/* Moves what the encoder has ready into the file. */
static int drain(movie_writer *made)
{
  for (;;) {
    int number = avcodec_receive_packet(made->encoder, made->packet);
    if (number == AVERROR(EAGAIN) || number == AVERROR_EOF) return 0;
    if (number < 0) return number;
    made->packet->duration = 1;
    av_packet_rescale_ts(made->packet, made->encoder->time_base, made->stream->time_base);
    made->packet->stream_index = made->stream->index;
    number = av_interleaved_write_frame(made->container, made->packet); /* takes the packet's content */
    if (number < 0) return number;
  }
}

clreid_status movie_writer_add(movie_writer *made, const uint8_t *pixels, clreid_error *error)
{
  if (!made->file) {
    return console_fail(error, CLREID_INVALID_ARGUMENT, "cannot add a frame to '%s': it is finished", made->path);
  }
  int number = av_frame_make_writable(made->frame); /* the encoder may still look at the last one */
  if (number >= 0) {
    const uint8_t *rows[] = {make_even(made, pixels)};
    const int pitch[] = {made->encoder->width * 3};
    sws_scale(made->converter, rows, pitch, 0, made->encoder->height, made->frame->data, made->frame->linesize);
    made->frame->pts = made->frames++;
    made->frame->quality = made->encoder->global_quality; /* x264 has its own */
    number = avcodec_send_frame(made->encoder, made->frame);
  }
  if (number >= 0) number = drain(made);
  if (number >= 0 && made->file_failed) number = AVERROR(EIO);
  return number < 0 ? fail(made, number, "a frame cannot be encoded", error) : CLREID_OK;
}

clreid_status movie_writer_finish(movie_writer *made, clreid_error *error)
{
  if (!made->file || made->frames == 0) {
    return console_fail(error, CLREID_INVALID_ARGUMENT, "cannot finish '%s': %s", made->path,
                        made->file ? "it has no frames" : "it is finished");
  }
  int number = avcodec_send_frame(made->encoder, NULL);
  if (number >= 0) number = drain(made);
  if (number >= 0) number = av_write_trailer(made->container);
  avio_flush(made->bytes);
  if (number >= 0) number = made->bytes->error;
  if (number >= 0 && made->file_failed) number = AVERROR(EIO);
  if (number < 0) return fail(made, number, "its end cannot be written", error);
  output *file = made->file;
  made->file = NULL;
  return output_commit(file, error);
}

void movie_writer_destroy(movie_writer *made)
{
  if (!made) return;
  /* Unfinished, the container still has bytes to write: they must find the writer failed, not a file that is gone. */
  made->file_failed = true;
  sws_freeContext(made->converter);
  av_frame_free(&made->frame);
  av_packet_free(&made->packet);
  avcodec_free_context(&made->encoder);
  avformat_free_context(made->container);
  if (made->bytes) av_freep(&made->bytes->buffer);
  avio_context_free(&made->bytes);
  output_abandon(made->file);
  free(made->even);
  free(made->path);
  free(made);
}
