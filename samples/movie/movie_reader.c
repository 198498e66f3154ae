/*
 * movie_reader.c - see movie_reader.h. Containers are libavformat's work, decoding libavcodec's, colours libswscale's.
 */
#include "movie_reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>

#include "console.h"
#include "movie.h"

enum {
  THREADS = 2,
  LARGEST_PIXELS = 1 << 27,
  MOST_LATE_ERRORS = 64, /* that a decoder may give up with behind the last packet; before it each error takes one */
};

struct movie_reader {
  AVIOContext *bytes; /* of the file */
  AVFormatContext *container;
  AVCodecContext *decoder;
  struct SwsContext *converter;
  int converter_format, converter_width, converter_height, converter_space, converter_range; /* what it was made for */
  AVFrame *frame, *rgb;
  AVPacket *packet;
  AVStream *stream;
  char *path;
  movie_facts facts;
  int64_t first_time; /* of the first frame, in the stream's unit */
  uint64_t number, decoded;
  uint64_t lost, corrupt, unwanted; /* packets that gave an error; frames with wrong parts; packets not to be shown */
  int late_errors;
  bool ended, broken; /* all packets were read; reading stopped with an error */
};

static clreid_status no_memory(const movie_reader *made, clreid_error *error)
{
  return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for a frame of '%s'", made->path);
}

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

static clreid_status check_size(const movie_reader *made, int width, int height, clreid_error *error)
{
  const int most = MOVIE_LARGEST_SIDE;
  if (width > 0 && height > 0 && width <= most && height <= most && width <= LARGEST_PIXELS / height) return CLREID_OK;
  return console_fail(error, CLREID_INVALID_FILE,
                      "cannot read '%s': frames of %dx%d, they must have 1 to %d a side and at most %d pixels",
                      made->path, width, height, most, LARGEST_PIXELS);
}

static clreid_status fail(const movie_reader *made, int number, clreid_error *error)
{
  char reason[MOVIE_REASON_BYTES];
  const AVCodecParameters *said = made->stream ? made->stream->codecpar : NULL;
  if (number == AVERROR(ENOMEM)) return no_memory(made, error);
  if (said && (said->width || said->height) && check_size(made, said->width, said->height, error) != CLREID_OK)
    return error->status; /* a decoder's reason would be nothing to go by */
  /* The last two are what demuxers make of sizes that cannot be. */
  const bool is_content = number == AVERROR_INVALIDDATA || number == AVERROR_STREAM_NOT_FOUND ||
                          number == AVERROR_EOF || number == AVERROR(EBUSY) || number == AVERROR(EINVAL);
  if (number == AVERROR_DECODER_NOT_FOUND) {
    return console_fail(error, CLREID_INVALID_FILE,
                        "cannot read '%s' as a video: there is no decoder for it, or it is cut short or damaged",
                        made->path);
  }
  return console_fail(error, CLREID_INVALID_FILE, "cannot read '%s' as a video: %s", made->path,
                      is_content ? "it is none, it is cut short, or it is damaged" : movie_reason(number, reason));
}

static clreid_status check_file(const char *path, clreid_error *error)
{
  struct stat facts;
  if (stat(path, &facts) != 0) {
    return console_fail(error, CLREID_INVALID_FILE, "cannot read '%s': %s", path, strerror(errno));
  }
  if (S_ISREG(facts.st_mode)) return CLREID_OK;
  return console_fail(error, CLREID_INVALID_FILE, "cannot read '%s': it is not a file", path);
}

/* "file:" keeps a path that holds a colon a path. The bytes are opened here, and libavformat may open nothing more:
 * what calls itself a video may be a list of other files (concat, HLS), and who made it must not reach those. */
static int open_container(movie_reader *made)
{
  const size_t room = strlen(made->path) + sizeof "file:";
  char *address = malloc(room);
  made->container = avformat_alloc_context();
  if (!address || !made->container) {
    free(address);
    return AVERROR(ENOMEM);
  }
  snprintf(address, room, "file:%s", made->path);
  AVDictionary *options = NULL;
  av_dict_set(&options, "protocol_whitelist", "none", 0);
  int number = avio_open(&made->bytes, address, AVIO_FLAG_READ);
  made->container->pb = made->bytes;
  if (number >= 0) number = avformat_open_input(&made->container, address, NULL, &options);
  av_dict_free(&options);
  free(address);
  return number < 0 ? number : avformat_find_stream_info(made->container, NULL);
}

static int open_decoder(movie_reader *made)
{
  const AVCodec *codec = NULL;
  int number = av_find_best_stream(made->container, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
  if (number < 0) return number;
  made->stream = made->container->streams[number];
  for (unsigned i = 0; i < made->container->nb_streams; ++i) {
    if ((int)i != number) made->container->streams[i]->discard = AVDISCARD_ALL;
  }
  AVCodecContext *decoder = made->decoder = avcodec_alloc_context3(codec);
  if (!decoder) return AVERROR(ENOMEM);
  number = avcodec_parameters_to_context(decoder, made->stream->codecpar);
  if (number < 0) return number;
  decoder->thread_count = THREADS;
  decoder->pkt_timebase = made->stream->time_base;
  decoder->max_pixels = LARGEST_PIXELS;
  decoder->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT; /* so that frames are counted as their boxes are */
  return avcodec_open2(decoder, codec, NULL);
}

static clreid_status find_facts(movie_reader *made, clreid_error *error)
{
  const AVRational rate = av_guess_frame_rate(made->container, made->stream, NULL);
  const bool known = rate.num > 0 && rate.den > 0;
  made->facts = (movie_facts){.width = made->decoder->width,
                              .height = made->decoder->height,
                              .rate_numerator = known ? rate.num : 25,
                              .rate_denominator = known ? rate.den : 1,
                              .frames = made->stream->nb_frames > 0 ? (uint64_t)made->stream->nb_frames : 0};
  const clreid_status status = check_size(made, made->facts.width, made->facts.height, error);
  if (status != CLREID_OK) return status;
  made->packet = av_packet_alloc();
  made->frame = av_frame_alloc();
  made->rgb = av_frame_alloc();
  if (!made->packet || !made->frame || !made->rgb) return no_memory(made, error);
  made->rgb->format = AV_PIX_FMT_RGB24;
  made->rgb->width = made->facts.width;
  made->rgb->height = made->facts.height;
  return av_frame_get_buffer(made->rgb, 0) < 0 ? no_memory(made, error) : CLREID_OK;
}

clreid_status movie_reader_open(const char *path, movie_reader **made, clreid_error *error)
{
  *made = NULL;
  movie_silence();
  clreid_status status = check_file(path, error);
  if (status != CLREID_OK) return status;
  movie_reader *reader = calloc(1, sizeof *reader);
  char *copy = strdup(path);
  if (!reader || !copy) {
    free(reader);
    free(copy);
    return console_fail(error, CLREID_OUT_OF_MEMORY, "no memory left for reading '%s'", path);
  }
  reader->path = copy;
  int number = open_container(reader);
  if (number >= 0) number = open_decoder(reader);
  status = number < 0 ? fail(reader, number, error) : find_facts(reader, error);
  if (status == CLREID_OK) {
    *made = reader;
  } else {
    movie_reader_close(reader);
  }
  return status;
}

void movie_reader_close(movie_reader *made)
{
  if (!made) return;
  sws_freeContext(made->converter);
  av_frame_free(&made->frame);
  av_frame_free(&made->rgb);
  av_packet_free(&made->packet);
  avcodec_free_context(&made->decoder);
  avformat_close_input(&made->container);
  avio_closep(&made->bytes);
  free(made->path);
  free(made);
}

movie_facts movie_reader_describe(const movie_reader *made)
{
  return made->facts;
}

/* ---- Frames ------------------------------------------------------------------------------------------------------ */

/* Gives the decoder the next packet of the video. Behind the last one it gives up what it still holds. */
static void feed(movie_reader *made)
{
  while (av_read_frame(made->container, made->packet) >= 0) {
    const bool ours = made->packet->stream_index == made->stream->index;
    if (ours && made->packet->flags & AV_PKT_FLAG_DISCARD) ++made->unwanted;
    const int taken = ours ? avcodec_send_packet(made->decoder, made->packet) : 0;
    av_packet_unref(made->packet);
    if (taken < 0) ++made->lost;
    if (ours && taken >= 0) return;
  }
  made->broken = made->container->pb && made->container->pb->error < 0;
  made->ended = true;
  avcodec_send_packet(made->decoder, NULL);
}

/* The number by the frame's time, where packets were lost before it; never more of a hole than that. */
static uint64_t number_frame(movie_reader *made)
{
  const uint64_t next = made->number + 1, missing = made->lost + 1 + made->number - made->decoded;
  const int64_t time = made->frame->best_effort_timestamp;
  if (made->decoded == 0) made->first_time = time;
  if (made->lost == 0 || time == AV_NOPTS_VALUE || made->first_time == AV_NOPTS_VALUE) return next;
  const AVRational frame_time = {made->facts.rate_denominator, made->facts.rate_numerator};
  const int64_t by_time = av_rescale_q(av_sat_sub64(time, made->first_time), made->stream->time_base, frame_time) + 1;
  return by_time > (int64_t)next && (uint64_t)by_time - next < missing ? (uint64_t)by_time : next;
}

clreid_status movie_reader_next(movie_reader *made, uint64_t *number, clreid_error *error)
{
  *number = 0;
  for (;;) {
    const int outcome = avcodec_receive_frame(made->decoder, made->frame);
    if (outcome == 0) break;
    if (outcome == AVERROR(ENOMEM)) return no_memory(made, error);
    if (made->ended && outcome != AVERROR_EOF) ++made->late_errors;
    if (outcome == AVERROR_EOF || made->late_errors > MOST_LATE_ERRORS) {
      if (made->decoded > 0) return CLREID_OK;
      return console_fail(error, CLREID_INVALID_FILE,
                          "'%s' has no frame that can be decoded: it is cut short or damaged", made->path);
    }
    if (outcome != AVERROR(EAGAIN)) ++made->lost;
    if (!made->ended) feed(made);
  }
  if (made->frame->decode_error_flags || made->frame->flags & AV_FRAME_FLAG_CORRUPT) ++made->corrupt;
  made->number = number_frame(made);
  ++made->decoded;
  *number = made->number;
  return CLREID_OK;
}

/* The formula of colours as the frame says it, that of BT.601 where it does not. */
static clreid_status prepare_converter(movie_reader *made, clreid_error *error)
{
  const AVFrame *from = made->frame;
  if (made->converter && made->converter_format == from->format && made->converter_width == from->width &&
      made->converter_height == from->height && made->converter_space == (int)from->colorspace &&
      made->converter_range == (int)from->color_range) {
    return CLREID_OK;
  }
  sws_freeContext(made->converter);
  made->converter = sws_getContext(from->width, from->height, from->format, made->facts.width, made->facts.height,
                                   AV_PIX_FMT_RGB24, SWS_BILINEAR | SWS_ACCURATE_RND, NULL, NULL, NULL);
  if (!made->converter) {
    return console_fail(error, CLREID_INVALID_FILE, "cannot turn the frames of '%s' into RGB: convert the file first",
                        made->path);
  }
  const int *coefficients =
      sws_getCoefficients(from->colorspace == AVCOL_SPC_UNSPECIFIED ? SWS_CS_DEFAULT : (int)from->colorspace);
  sws_setColorspaceDetails(made->converter, coefficients, from->color_range == AVCOL_RANGE_JPEG,
                           sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16);
  made->converter_format = from->format;
  made->converter_width = from->width;
  made->converter_height = from->height;
  made->converter_space = (int)from->colorspace;
  made->converter_range = (int)from->color_range;
  return CLREID_OK;
}

clreid_status movie_reader_pixels(movie_reader *made, uint8_t *pixels, clreid_error *error)
{
  const clreid_status status = prepare_converter(made, error);
  if (status != CLREID_OK) return status;
  /* Into a frame of our own first: libswscale may write a little beyond the end of a row. */
  sws_scale(made->converter, (const uint8_t *const *)made->frame->data, made->frame->linesize, 0, made->frame->height,
            made->rgb->data, made->rgb->linesize);
  const size_t row = (size_t)made->facts.width * 3;
  for (int y = 0; y < made->facts.height; ++y) {
    memcpy(pixels + (size_t)y * row, made->rgb->data[0] + (ptrdiff_t)y * made->rgb->linesize[0], row);
  }
  return CLREID_OK;
}

bool movie_reader_damage(const movie_reader *made, clreid_error *warning)
{
  const bool is_short = made->decoded + made->unwanted < made->facts.frames;
  if (!is_short && !made->broken && made->lost == 0 && made->corrupt == 0) return false;
  char of[40] = "", wrong[60] = "";
  if (made->facts.frames > 0) snprintf(of, sizeof of, " of the %" PRIu64, made->facts.frames);
  if (made->corrupt > 0) snprintf(wrong, sizeof wrong, ", %" PRIu64 " of them with wrong parts", made->corrupt);
  console_fail(warning, CLREID_INVALID_FILE, "'%s' is cut short or damaged: %" PRIu64 "%s frames could be decoded%s",
               made->path, made->decoded, of, wrong);
  return true;
}
