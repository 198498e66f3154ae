/*
 * fuzz_boxes.c - samples/video/boxes.c: reads the bytes as a box file.
 */
#include <math.h>

#include "boxes.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  box_list list;
  clreid_error error = {CLREID_OK, ""};
  const clreid_status status = boxes_read(fuzz_file(data, size), &list, &error);
  fuzz_judge(status, &error);
  fuzz_expect(status == CLREID_OK || (!list.items && !list.count), "a failure leaves no boxes");
  for (size_t i = 0; i < list.count; i++) {
    const frame_box *item = &list.items[i];
    fuzz_expect(item->frame >= 1 && (i == 0 || item[-1].frame <= item->frame), "boxes come by frame, from 1");
    fuzz_expect(item->box.width > 0 && item->box.height > 0, "a box has sides");
    fuzz_expect(isfinite(item->box.x) && isfinite(item->box.y) && isfinite(item->score), "its numbers are finite");
    const size_t first = boxes_find(&list, item->frame);
    fuzz_expect(first <= i && list.items[first].frame == item->frame, "its frame is found");
    const double overlap = boxes_overlap(&item->box, &list.items[0].box);
    fuzz_expect(overlap >= 0 && overlap <= 1 + 1e-6, "an overlap is a share");
  }
  boxes_free(&list);
  return 0;
}
