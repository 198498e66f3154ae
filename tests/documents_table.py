"""Which commands of the documents are not run as they stand, and why; what test_documents.py reads. Data alone.

A key is a command as a document has it, its comment and doubled blanks taken off. A command that is not here is run as it
stands. A key that no document has is an error: the table holds what is needed and nothing else.
"""


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
        'takes long; here it is listed', "ctest --test-dir build -N -C endurance -R '^endurance$' | grep -q 'Total Tests: 1'"),
    # CONTRIBUTING.md
    'ctest --test-dir build -R test_conv --output-on-failure': Instead(
        'a test within a test; here it is listed', "ctest --test-dir build -N -R test_conv | grep -q 'test_conv$'"),
    'build/tests/test_conv': Instead('ctest runs it', 'test -x build/tests/test_conv'),
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
        'a test within a test; here it is listed',
        "OCL_ICD_VENDORS=/etc/OpenCL/vendors CLREID_TEST_DEVICE=0 ctest --test-dir build -N -R '^test_conv$'"),
    # samples/street/README.md
    'clreid-street --out FOLDER --seed 4 --seconds 40 --persons 24 --vehicles 8': Instead(
        LONG, 'clreid-street --out FOLDER --seed 4 --seconds 1 --persons 2 --vehicles 1'),
    'clreid-street --crops crops --seed 1000 --streets 45 --persons 45 --vehicles 15': Instead(
        TRAINS, 'clreid-street --crops crops --seed 1000 --streets 2 --persons 16 --vehicles 4 --views 4'),
    'python3 samples/street/train_street.py crops --out street.pt': Instead(
        TRAINS, 'python3 samples/street/train_street.py crops --out street.pt --pictures 256 --identities 4 --threads 1', needs='torch'),
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

# What C blocks find that are no whole program: what the page has said before.
C_BEGIN = """
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <clreid/clreid.h>
#include <clreid/clreid_opencl.h>
"""
C_FUNCTION = """
double cosine_distance(const float *a, const float *b, int length);
int block(int argc, char **argv, clreid_device *device, clreid_model *model, clreid_session *session, clreid_error error,
          float *features, const clreid_picture *pictures, const clreid_box *boxes, const clreid_frame frame,
          const clreid_frame decoded, const uint8_t *luma, const uint8_t *chroma, cl_context context,
          cl_command_queue queue, cl_mem pixels, cl_mem memory);
int block(int argc, char **argv, clreid_device *device, clreid_model *model, clreid_session *session, clreid_error error,
          float *features, const clreid_picture *pictures, const clreid_box *boxes, const clreid_frame frame,
          const clreid_frame decoded, const uint8_t *luma, const uint8_t *chroma, cl_context context,
          cl_command_queue queue, cl_mem pixels, cl_mem memory)
{
  {
%s
  }
  return 0;
}
"""

# A CMake block that is no whole file: within another project, from the source here.
CMAKE_BEGIN = 'cmake_minimum_required(VERSION 3.25)\nproject(outer LANGUAGES C)\nadd_executable(app app.c)\n'
CMAKE_INSTEAD = ('GIT_REPOSITORY URL GIT_TAG COMMIT', 'SOURCE_DIR "$ENV{SOURCE_FOLDER}"')
