"""Which commands of the documents are not run as they stand, and why; what test_documents.py reads. Data alone.

A key is a command as a document has it, its comment and doubled blanks taken off. A command that is neither here nor of those
that are run as they stand is an error, and so is a key that no document has: the table holds what is needed and nothing else.
"""
import re


# What is run as it stands. Any other command wants a row of the table.
AS_IT_STANDS = re.compile(
    r'(clreid(-video|-street)? (?!selftest|tune --network|bench)|mkdir |cp |printf |cmake (-S \. -B app-build$|--build app)'
    r'|cc |c\+\+ |\./(app|find)|app(-|/)build/app )')


class Instead:
    """run: what is run instead, or None for nothing; why: the reason; needs: a Python module without which it is not run."""

    def __init__(self, why, run=None, needs=None):
        self.why, self.run, self.needs = why, run, needs


class Once:
    """Run as it stands, but for the first document that has it alone: it takes seconds."""


LONG = 'the same in small'
BUILT = 'done before: the test runs in such a build'
ENGINE = 'other engines are not here; a program that prints a figure stands for one'
TRAINS = 'trains for an hour; here for some pictures'

TABLE = {
    # README.md
    'sh .ci/demo': Instead('installs packages, then runs at length what README and samples/street run in small'),
    'sh .ci/test': Instead('it is what runs this test'),
    'cmake -S . -B build -DCMAKE_INSTALL_PREFIX=/usr/local': Instead(
        'configured into another folder: the build folder here is that of the tests',
        'cmake -S . -B configured -DCMAKE_INSTALL_PREFIX=/usr/local -DBUILD_TESTING=OFF'),
    'cmake --build build': Instead(BUILT),
    'cmake --install build': Instead('done before, to a folder of the test', 'test -x "$PREFIX/bin/clreid"'),
    'clreid bench --network han-small --batch 8': Once(),
    'clreid bench --network han-small --profile': Instead('the same with a batch of 8 is in docs/guide/devices.md'),
    'clreid tune --network han-small --batch 8': Instead(LONG, 'clreid tune --network han-small --batch 1 --seconds 1'),
    'clreid selftest': Instead('test_selftest runs it; with nothing compiled it takes minutes'),
    # docs/clreid.1.in
    'clreid weights --network rga-sc --seed 1 --out W.safetensors': Instead(
        LONG, 'clreid weights --network han-small --seed 1 --out W.safetensors'),
    # docs/benchmarks.md
    'python3 -m venv engines': Instead('needs a network'),
    'engines/bin/pip install onnxruntime openvino numpy': Instead('needs a network'),
    'engines/bin/python docs/benchmark.py compare --network rga-sc --batch 1 --clreid build/samples/clreid '
    '--onnx rga-sc.onnx --out rga-sc.1.json': Instead(
        ENGINE, '''echo '{"ms_per_image": 1, "version": "1"}' > other; '''
        'python3 docs/benchmark.py compare --network han-small --batch 1 --clreid build/samples/clreid --rounds 1 '
        "--engine 'Other=cat other' --out rga-sc.1.json"),
    'engines/bin/python docs/benchmark.py table *.json': Instead(ENGINE, 'python3 docs/benchmark.py table *.json'),
    'clreid bench --network rga-sc --profile': Instead('the same for han-small is in docs/guide/devices.md'),
    "ctest --test-dir build -C endurance -R '^endurance$' -V": Instead(
        'takes long, and a ctest within ctest takes its log', "grep -qE 'add_test[^a-z]*endurance[^a-z]' build/tests/CTestTestfile.cmake"),
    # CONTRIBUTING.md
    'ctest --test-dir build -R test_conv --output-on-failure': Instead(
        'a ctest within ctest takes its log', "grep -qE 'add_test[^a-z]*test_conv[^a-z_]' build/tests/CTestTestfile.cmake"),
    'build/tests/test_conv': Instead('ctest runs it', 'test -x build/tests/test_conv'),
    "ctest --test-dir build -C faults -R '^faults$' -V": Instead('takes long; test_faults is its short form'),
    "ctest --test-dir build -C threads -R '^threads$' -V": Instead('takes long; test_threads is its short form'),
    'sh .ci/sanitize address': Instead('builds all of it anew'),
    'sh .ci/sanitize thread': Instead('builds all of it anew'),
    'sh .ci/sanitize valgrind': Instead('builds all of it anew'),
    # docs/devices.md, docs/fuzzing.md
    'CLREID_PRETEND=gpu,work-group=64,local=16K clreid embed ...': Instead(
        'the dots are the reader\'s',
        'CLREID_PRETEND=gpu,work-group=64,local=16K clreid embed --weights W.safetensors --out F.npy query/*'),
    'sh tests/forced.sh': Instead('takes long'),
    'sh tests/forced.sh quick': Instead('a test of its own runs it'),
    'sh .ci/fuzz SECONDS [TARGET...]': Instead('test_fuzz runs it in small'),
    # docs/guide/
    'cmake -S app -B app/build -DCMAKE_PREFIX_PATH=/usr/local': Instead(
        'installed to a folder of the test', 'cmake -S app -B app/build -DCMAKE_PREFIX_PATH="$PREFIX"'),
    'python3 samples/convert_checkpoint.py checkpoint.pth --network han-small --out W.safetensors': Instead(
        'as it stands', 'python3 samples/convert_checkpoint.py checkpoint.pth --network han-small --out W.safetensors',
        needs='torch'),
    'clreid bench --network han-small --batch 8 --profile': Once(),
    'clreid tune --network han-small --batch 8 --seconds 60': Instead(
        LONG, 'clreid tune --network han-small --batch 1 --seconds 1'),
    'CLREID_KERNELS=cl build/samples/clreid bench --network han-small --batch 8 --profile': Instead(
        'the kernels of the folder embed, which is quicker',
        'CLREID_KERNELS=cl build/samples/clreid embed --weights W.safetensors --out F.npy query/*'),
    'CLREID_TUNING=rows clreid bench --network han-small --batch 8 --profile': Instead(
        'with rows of the folder it embeds, which is quicker',
        'CLREID_TUNING=rows clreid embed --weights W.safetensors --out F.npy query/*'),
    "OCL_ICD_VENDORS=/etc/OpenCL/vendors CLREID_TEST_DEVICE=0 ctest --test-dir build -R '^test_conv$'": Instead(
        'a ctest within ctest takes its log', 'OCL_ICD_VENDORS=/etc/OpenCL/vendors clreid devices'),
    # samples/street/README.md
    'clreid-street --out FOLDER --seed 4 --seconds 40 --persons 24 --vehicles 8': Instead(
        LONG, 'clreid-street --out FOLDER --seed 4 --seconds 1 --persons 2 --vehicles 1'),
    'clreid-street --crops crops --seed 11000 --streets 52 --persons 45 --vehicles 15': Instead(
        TRAINS, 'clreid-street --crops crops --seed 1000 --streets 2 --persons 16 --vehicles 4 --views 4'),
    'python3 samples/street/train_street.py crops --out street.pt --pictures 412000 --small 0.4': Instead(
        TRAINS, 'python3 samples/street/train_street.py crops --out street.pt --pictures 64 --identities 4 --threads 1', needs='torch'),
    'python3 samples/convert_checkpoint.py street.pt --network han-small --half --out street.safetensors': Instead(
        'as it stands', 'python3 samples/convert_checkpoint.py street.pt --network han-small --half --out street.safetensors',
        needs='torch'),
}

# What Python blocks find: a camera's frame, a detector's boxes, a picture.
PYTHON_BEGIN = """
import numpy
frame = numpy.random.default_rng(1).integers(0, 256, (360, 640, 3), numpy.uint8)
boxes = numpy.array([[10, 20, 64, 160], [300.5, 99, 60, 150]], numpy.float32)
picture = frame[:160, :64]
"""
PYTHON_NEEDS = {'torch.onnx': 'torch'}  # a block with this text is compiled alone, for what it exports is the reader's

# What C blocks find that are no whole program: what the page has said before. They run with W.safetensors as argument.
C_BEGIN = """
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <clreid/clreid.h>
#include <clreid/clreid_opencl.h>
"""
C_PROGRAM = """
static uint8_t luma[1080 * 2048], chroma[540 * 2048], some[360 * 640 * 3];
static const clreid_frame frame = {.pixels = some, .width = 640, .height = 360};
static const clreid_frame decoded = {.pixels = luma, .chroma = chroma, .width = 1920, .height = 1080, .pitch_bytes = 2048,
                                     .chroma_pitch_bytes = 2048, .format = CLREID_FORMAT_NV12_BT709};
static const clreid_box boxes[2] = {{10, 20, 64, 160}, {300.5f, 99, 60, 150}};
static const clreid_picture pictures[2] = {{some, 64, 160, 0, false}, {some + 64 * 160 * 3, 64, 160, 0, false}};
static float features[8 * 1024];
static clreid_device *device;
static clreid_model *model;
static clreid_session *session;
static clreid_error error;
static cl_context context;
static cl_command_queue queue;
static cl_mem pixels, memory;

double cosine_distance(const float *a, const float *b, int length);
double cosine_distance(const float *a, const float *b, int length) { return (double)a[0] - (double)b[length - 1]; }

static void block(int argc, char **argv)
{
%s
}

int main(int argc, char **argv)
{
  for (size_t i = 0; i < sizeof some; i++) some[i] = (uint8_t)(i * 2654435761u >> 24);
  const clreid_session_config batch = {.largest_batch = 2};
  if (clreid_device_open(NULL, &device, &error) == CLREID_OK &&
      clreid_model_load(device, argv[1], NULL, &model, &error) == CLREID_OK &&
      clreid_session_create(model, &batch, &session, &error) == CLREID_OK &&
      clreid_embed_boxes(session, &frame, boxes, 2, features, NULL, &error) == CLREID_OK)
    block(argc, argv);
  if (error.status) fprintf(stderr, "%%s\\n", error.text);
  return error.status != CLREID_OK;
}
"""
C_COMPILED = ('clreid_device_adopt',)  # blocks with this are compiled alone: test_similar.sh runs a whole program of them

# A CMake block that is no whole file: within another project, from the source here.
CMAKE_BEGIN = 'cmake_minimum_required(VERSION 3.25)\nproject(outer LANGUAGES C)\nadd_executable(app app.c)\n'
CMAKE_INSTEAD = ('GIT_REPOSITORY URL GIT_TAG COMMIT', 'SOURCE_DIR "$ENV{SOURCE_FOLDER}"')
