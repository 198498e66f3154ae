"""The structs and enums of include/clreid/ as ctypes sees them: data, field for field in the order of the headers.

Owns no behaviour. tests/test_python.py compiles the headers and compares size and place of every field,
and every number.
"""
import ctypes
from ctypes import (POINTER, c_bool, c_char, c_char_p, c_double, c_float, c_int, c_int64, c_size_t, c_uint, c_uint64,
                    c_void_p)

ERROR_TEXT_BYTES = 1024  # CLREID_ERROR_TEXT_BYTES

# Name in C: number. Where Python takes or gives one, it is the name without the prefix in small letters: 'bgr'.
STATUSES = {name: number for number, name in enumerate((
    'CLREID_OK', 'CLREID_INVALID_ARGUMENT', 'CLREID_INVALID_FILE', 'CLREID_INVALID_WEIGHTS', 'CLREID_INVALID_NETWORK',
    'CLREID_INVALID_PICTURE', 'CLREID_UNSUPPORTED_PLATFORM', 'CLREID_UNSUPPORTED_DEVICE', 'CLREID_UNSUPPORTED_MODEL',
    'CLREID_NOT_FINITE', 'CLREID_OUT_OF_MEMORY', 'CLREID_OUT_OF_DEVICE_MEMORY', 'CLREID_DEVICE_FAILED'))}
DEVICE_TYPES = {'CLREID_DEVICE_OTHER': 0, 'CLREID_DEVICE_CPU': 1, 'CLREID_DEVICE_GPU': 2,
                'CLREID_DEVICE_ACCELERATOR': 3}
PRECISIONS = {'CLREID_FP32': 0, 'CLREID_FP16': 1}
FORMATS = {'CLREID_FORMAT_RGB': 0, 'CLREID_FORMAT_BGR': 1, 'CLREID_FORMAT_RGBA': 2, 'CLREID_FORMAT_BGRA': 3,
           'CLREID_FORMAT_GREY': 4, 'CLREID_FORMAT_NV12_BT601': 5, 'CLREID_FORMAT_NV12_BT709': 6}
METRICS = {'CLREID_COSINE': 0, 'CLREID_EUCLIDEAN': 1}


class Error(ctypes.Structure):
    c_name = 'clreid_error'
    _fields_ = [('status', c_int), ('text', c_char * ERROR_TEXT_BYTES)]


class DeviceInfo(ctypes.Structure):
    c_name = 'clreid_device_info'
    _fields_ = [('index', c_int), ('type', c_int), ('is_default', c_bool), ('usable', c_bool),
                *((name, c_char * 128) for name in ('name', 'vendor', 'platform', 'version', 'driver', 'problem')),
                ('compute_units', c_uint), ('clock_mhz', c_uint), ('float_vector_width', c_uint),
                ('fused_multiply_add', c_bool), ('half_arithmetic', c_bool),
                *((name, c_uint64) for name in ('global_memory_bytes', 'largest_buffer_bytes', 'local_memory_bytes',
                                                'largest_work_group'))]


LOG = ctypes.CFUNCTYPE(None, c_void_p, c_char_p)  # clreid_log


class DeviceConfig(ctypes.Structure):
    c_name = 'clreid_device_config'
    _fields_ = [('choice', c_char_p), ('cache_folder', c_char_p), ('tuning_folder', c_char_p),
                ('kernel_folder', c_char_p), ('log', LOG), ('log_user', c_void_p)]


class NetworkInfo(ctypes.Structure):
    c_name = 'clreid_network_info'
    _fields_ = [('name', c_char_p), ('height', c_int), ('width', c_int), ('feature_length', c_int),
                ('parameters', c_uint64), ('multiply_adds', c_uint64), ('planned_multiply_adds', c_uint64)]


class ModelConfig(ctypes.Structure):
    c_name = 'clreid_model_config'
    _fields_ = [('network', c_char_p), ('precision', c_int), ('relation', c_int), ('gemm', c_int),
                ('direct_convolution', c_bool), ('plain_kernels', c_bool), ('attention', c_int), ('maps', c_bool)]


class ModelInfo(ctypes.Structure):
    c_name = 'clreid_model_info'
    _fields_ = [('network', c_char_p), ('height', c_int), ('width', c_int), ('feature_length', c_int),
                ('parameters', c_uint64), ('weight_bytes', c_uint64), ('multiply_adds', c_uint64),
                ('planned_multiply_adds', c_uint64)]


class SessionConfig(ctypes.Structure):
    c_name = 'clreid_session_config'
    _fields_ = [('largest_batch', c_int), ('profile', c_bool), ('sleeping_wait', c_bool)]


class Frame(ctypes.Structure):
    c_name = 'clreid_frame'
    _fields_ = [('pixels', c_void_p), ('chroma', c_void_p), ('width', c_int), ('height', c_int),
                ('pitch_bytes', c_size_t), ('chroma_pitch_bytes', c_size_t), ('format', c_int)]


class Box(ctypes.Structure):
    c_name = 'clreid_box'
    _fields_ = [('x', c_float), ('y', c_float), ('width', c_float), ('height', c_float)]


class Rectangle(ctypes.Structure):
    c_name = 'clreid_rectangle'
    _fields_ = [('x', c_int), ('y', c_int), ('width', c_int), ('height', c_int)]


class FrameBoxes(ctypes.Structure):
    c_name = 'clreid_frame_boxes'
    _fields_ = [('frame', POINTER(Frame)), ('boxes', c_void_p), ('count', c_size_t), ('mirrored', c_bool)]


class GalleryConfig(ctypes.Structure):
    c_name = 'clreid_gallery_config'
    _fields_ = [('feature_length', c_int), ('metric', c_int), ('precision', c_int), ('plain_kernels', c_bool)]


class GalleryInfo(ctypes.Structure):
    c_name = 'clreid_gallery_info'
    _fields_ = [('feature_length', c_int), ('metric', c_int), ('precision', c_int), ('count', c_size_t),
                ('next_id', c_int64), ('device_bytes', c_uint64), ('host_bytes', c_uint64)]


class Match(ctypes.Structure):
    c_name = 'clreid_match'
    _fields_ = [('id', c_int64), ('label', c_int64), ('time', c_int64), ('distance', c_double)]


STRUCTS = (Error, DeviceInfo, DeviceConfig, NetworkInfo, ModelConfig, ModelInfo, SessionConfig, Frame, Box, Rectangle,
           FrameBoxes, GalleryConfig, GalleryInfo, Match)
ENUMS = {'clreid_status': STATUSES, 'clreid_device_type': DEVICE_TYPES, 'clreid_precision': PRECISIONS,
         'clreid_format': FORMATS, 'clreid_metric': METRICS}

# Functions: what they give, and what they take. Those that give STATUS take a clreid_error * last, which _library.call
# adds.
STATUS, HANDLE, PLACE = 'status', c_void_p, POINTER(c_void_p)
FUNCTIONS = {
    'clreid_version': (c_char_p, []),
    'clreid_devices_list': (STATUS, [POINTER(POINTER(DeviceInfo)), POINTER(c_size_t), LOG, c_void_p]),
    'clreid_devices_free': (None, [POINTER(DeviceInfo)]),
    'clreid_device_open': (STATUS, [POINTER(DeviceConfig), PLACE]),
    'clreid_device_close': (None, [HANDLE]),
    'clreid_device_describe': (None, [HANDLE, POINTER(DeviceInfo)]),
    'clreid_selftest': (STATUS, [HANDLE, POINTER(c_int)]),
    'clreid_network_at': (c_bool, [c_size_t, POINTER(NetworkInfo)]),
    'clreid_weights_random': (STATUS, [c_char_p, POINTER(c_char_p), c_size_t, c_uint64, c_char_p]),
    'clreid_model_load': (STATUS, [HANDLE, c_char_p, POINTER(ModelConfig), PLACE]),
    'clreid_model_free': (None, [HANDLE]),
    'clreid_model_describe': (None, [HANDLE, POINTER(ModelInfo)]),
    'clreid_session_create': (STATUS, [HANDLE, POINTER(SessionConfig), PLACE]),
    'clreid_session_destroy': (None, [HANDLE]),
    'clreid_box_pixels': (STATUS, [POINTER(Frame), POINTER(Box), POINTER(Rectangle)]),
    'clreid_embed_frames': (STATUS, [HANDLE, POINTER(FrameBoxes), c_size_t, c_void_p, c_void_p, c_void_p]),
    'clreid_gallery_create': (STATUS, [HANDLE, POINTER(GalleryConfig), PLACE]),
    'clreid_gallery_destroy': (None, [HANDLE]),
    'clreid_gallery_describe': (None, [HANDLE, POINTER(GalleryInfo)]),
    'clreid_gallery_add': (STATUS, [HANDLE, c_void_p, c_void_p, c_void_p, c_size_t, POINTER(c_int64)]),
    'clreid_gallery_remove': (STATUS, [HANDLE, c_void_p, c_size_t]),
    'clreid_gallery_remove_label': (STATUS, [HANDLE, c_int64, POINTER(c_size_t)]),
    'clreid_gallery_remove_before': (STATUS, [HANDLE, c_int64, POINTER(c_size_t)]),
    'clreid_gallery_search': (STATUS, [HANDLE, c_void_p, c_size_t, c_size_t, c_void_p, POINTER(c_size_t)]),
    'clreid_gallery_save': (STATUS, [HANDLE, c_char_p]),
    'clreid_gallery_load': (STATUS, [HANDLE, c_char_p, PLACE]),
}
