#!/usr/bin/env python3
"""Compares clreid with other engines on the same machine and writes the table of docs/benchmarks.md.

    benchmark.py compare --network NAME [--batch N] [--clreid PATH] [--onnx FILE] [--torchscript FILE]
                         [--engine 'NAME=COMMAND' ...] [--threads N] [--rounds N] --out RESULT.json
    benchmark.py table RESULT.json ... [--page FILE]
    benchmark.py time ENGINE --model FILE --batch N [--threads N]

compare runs `clreid bench` and the engines in turns, each in a process of its own, so that a drift of the machine meets all
of them, and writes what they said to RESULT.json. --onnx FILE is the same network (input of float32 [batch][3][height]
[width], the batch fixed or free): ONNX Runtime and OpenVINO run it, whichever of them can be imported. --torchscript FILE
is the same for PyTorch. Any other engine is a command that prints a JSON object with ms_per_image and version.

table puts one line for each result between the lines "<!-- measured: begin -->" and "<!-- measured: end -->" of FILE
(docs/benchmarks.md), and leaves the rest of it alone. Ratios are ours / theirs: below 1, clreid is faster.

time is what compare runs for an engine: the median of whole passes, from float32 in host memory to features in host memory.
"""
import argparse
import datetime
import importlib.util
import json
import os
import pathlib
import platform
import shlex
import statistics
import subprocess
import sys
import time

BEGIN, END = '<!-- measured: begin -->', '<!-- measured: end -->'
ENGINES = {'onnxruntime': 'ONNX Runtime', 'openvino': 'OpenVINO', 'torch': 'PyTorch'}  # module: name
LEAST_PASSES, LEAST_SECONDS = 5, 3
HERE = pathlib.Path(__file__).resolve()


def fail(text, status=1):
    print(f'benchmark.py: {text}', file=sys.stderr)
    sys.exit(status)


# ---- An engine -------------------------------------------------------------------------------------------------------

def fixed_shape(shape, batch, file):
    """[batch, channels, height, width] of an input whose first side may be free."""
    shape = list(shape)
    if len(shape) != 4 or not all(isinstance(side, int) and side > 0 for side in shape[1:]):
        fail(f"the input of '{file}' is {shape}; wanted are four sides, and only the batch may be free")
    if isinstance(shape[0], int) and shape[0] > 0 and shape[0] != batch:
        fail(f"'{file}' is for a batch of {shape[0]}, not of {batch}: export it again")
    return [batch] + shape[1:]


def random_input(shape):
    import numpy
    return numpy.random.default_rng(1).standard_normal(shape, dtype=numpy.float32)


def load_onnxruntime(file, batch, threads, size):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(file, options, providers=['CPUExecutionProvider'])
    first = session.get_inputs()[0]
    x = random_input(fixed_shape(first.shape, batch, file))
    return lambda: session.run(None, {first.name: x}), onnxruntime.__version__


def load_openvino(file, batch, threads, size):
    import openvino
    core = openvino.Core()
    model = core.read_model(file)
    sides = [side.get_length() if side.is_static else 0 for side in model.input(0).partial_shape]
    shape = fixed_shape(sides, batch, file)
    model.reshape(shape)
    config = {'INFERENCE_NUM_THREADS': threads, 'PERFORMANCE_HINT': 'LATENCY', 'INFERENCE_PRECISION_HINT': 'f32'}
    request = core.compile_model(model, 'CPU', config).create_infer_request()
    x = random_input(shape)
    return lambda: request.infer([x]), openvino.__version__.split('-')[0]


def load_torch(file, batch, threads, size):
    import torch
    if not size:
        fail('PyTorch must be told the size of its input: --size HEIGHTxWIDTH')
    torch.set_num_threads(threads)
    net = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.load(file).eval()))
    x = torch.from_numpy(random_input([batch, 3] + size))

    def run():
        with torch.inference_mode():
            net(x)
    return run, torch.__version__


def time_engine(args):
    size = [int(side) for side in args.size.split('x')] if args.size else None
    load = {'onnxruntime': load_onnxruntime, 'openvino': load_openvino, 'torch': load_torch}[args.name]
    run, version = load(args.model, args.batch, args.threads, size)
    run()
    run()
    seconds = []
    while len(seconds) < LEAST_PASSES or sum(seconds) < LEAST_SECONDS:
        before = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - before)
    print(json.dumps({'ms_per_image': 1e3 * statistics.median(seconds) / args.batch, 'version': version,
                      'passes': len(seconds)}))


# ---- In turns --------------------------------------------------------------------------------------------------------

def ask(name, command):
    """The JSON object that a command prints."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ['nothing']
        fail(f'{name} ended with {done.returncode} and said: {said[-1]}')
    try:
        report = json.loads(done.stdout)
        report['ms_per_image'] = float(report['ms_per_image'])
    except (ValueError, KeyError, TypeError):
        fail(f'{name} printed no JSON object with ms_per_image: {done.stdout[:80]!r}')
    return report


def model_name():
    try:
        with open('/proc/cpuinfo', encoding='utf-8') as file:
            names = [line.split(':', 1)[1].strip() for line in file if line.startswith('model name')]
        return names[0] if names else platform.machine()
    except OSError:
        return platform.machine()


def system_name():
    try:
        return platform.freedesktop_os_release()['PRETTY_NAME']
    except (OSError, KeyError, AttributeError):
        return platform.platform()


def engine_commands(args, size):
    """Name: command, of all engines that were asked for and are there."""
    commands = {}
    for module, model in (('onnxruntime', args.onnx), ('openvino', args.onnx), ('torch', args.torchscript)):
        if not model:
            continue
        if not importlib.util.find_spec(module):
            print(f'{ENGINES[module]}: not installed, left out', file=sys.stderr)
            continue
        commands[ENGINES[module]] = [sys.executable, str(HERE), 'time', module, '--model', model, '--batch',
                                     str(args.batch), '--threads', str(args.threads)]
        if module == 'torch':
            commands[ENGINES[module]] += ['--size', 'x'.join(map(str, size))]
    for text in args.engine:
        name, _, command = text.partition('=')
        if not name or not command:
            fail(f"--engine '{text}' is not NAME=COMMAND", 2)
        commands[name] = shlex.split(command)
    return commands


def size_of_network(args):
    """[height, width] of the network's input, as `clreid networks` says."""
    done = subprocess.run([args.clreid, 'networks', '--json'], stdout=subprocess.PIPE, text=True)
    for network in json.loads(done.stdout or '[]'):
        if network.get('network') == args.network:
            return [network['height'], network['width']]
    fail(f"'{args.clreid} networks' lists no network {args.network}")


def compare(args):
    size = size_of_network(args) if args.torchscript else None
    others = engine_commands(args, size)
    ours = [args.clreid, 'bench', '--network', args.network, '--batch', str(args.batch), '--json']
    if args.device:
        ours += ['--device', args.device]
    times, said = {name: [] for name in ['clreid', *others]}, {}
    load = os.getloadavg()[0]
    for turn in range(args.rounds):
        for name, command in {'clreid': ours, **others}.items():
            said[name] = ask(name, command)
            times[name].append(said[name]['ms_per_image'])
            print(f'turn {turn + 1} of {args.rounds}: {name} {times[name][-1]:.3f} ms a picture', file=sys.stderr)
    result = {
        'network': args.network, 'batch': args.batch, 'threads': args.threads, 'date': str(datetime.date.today()),
        'machine': model_name(), 'cores': os.cpu_count(), 'system': system_name(), 'load_before': load,
        'device': said['clreid'].get('device', ''), 'commands': {'clreid': ours, **others},
        'clreid': {key: said['clreid'].get(key) for key in ('launches', 'arena_bytes', 'weight_bytes')},
        'engines': {name: {'ms_per_image': values, 'version': said[name].get('version', '')}
                    for name, values in times.items()},
    }
    pathlib.Path(args.out).write_text(json.dumps(result, indent=2) + '\n', encoding='utf-8')


# ---- The table -------------------------------------------------------------------------------------------------------

def three_digits(value):
    return f'{value:.0f}' if value >= 100 else f'{value:.3g}' if value >= 10 else f'{value:.2f}'


def read_result(path):
    try:
        result = json.loads(pathlib.Path(path).read_text(encoding='utf-8'))
        result['ms'] = {name: statistics.median(engine['ms_per_image']) for name, engine in result['engines'].items()}
        result['ms']['clreid'], result['batch'], result['machine']  # there must be these
        return result
    except (OSError, ValueError, KeyError, TypeError, statistics.StatisticsError) as e:
        fail(f"'{path}' is no result of `benchmark.py compare`: {type(e).__name__} {e}")


def make_table(results):
    """Lines of markdown."""
    known = list(ENGINES.values())
    names = [name for result in results for name in result['ms'] if name != 'clreid']
    names = [name for name in known if name in names] + sorted(set(names) - set(known))
    lines = []
    for about in sorted({(r['machine'], r['cores'], r['system'], r['device'], r['threads']) for r in results}):
        lines.append('{}, {} cores, {}; clreid on {}; {} threads.'.format(*about))
    versions = sorted({f"{name} {engine['version']}" for r in results for name, engine in r['engines'].items()
                       if engine.get('version')})
    dates = sorted({r['date'] for r in results})
    lines += [f"Measured {' to '.join(sorted({dates[0], dates[-1]}))}" + (': ' + ', '.join(versions) if versions else '')
              + '. Milliseconds a picture: the median of all turns, and ours / theirs.', '']
    lines.append('| network, batch | clreid | ' + ' | '.join(f'{name} | ratio' for name in names) + ' | launches |')
    lines.append('|---' * (3 + 2 * len(names)) + '|')
    for r in results:
        ours, cells = r['ms']['clreid'], []
        for name in names:
            theirs = r['ms'].get(name)
            cells += [three_digits(theirs), f'{ours / theirs:.2f}'] if theirs else ['-', '-']
        lines.append(f"| {r['network']}, {r['batch']} | {three_digits(ours)} | " + ' | '.join(cells)
                     + f" | {(r.get('clreid') or {}).get('launches') or '-'} |")
    return lines


def write_table(args):
    lines = make_table([read_result(path) for path in args.results])
    page = pathlib.Path(args.page)
    try:
        text = page.read_text(encoding='utf-8')
    except OSError as e:
        fail(f"cannot read '{page}': {e.strerror}")
    begin, end = text.find(BEGIN), text.find(END)
    if begin < 0 or end < begin or text.count(BEGIN) + text.count(END) != 2:
        fail(f"'{page}' must have the lines {BEGIN} and {END} once each, in this order")
    page.write_text(text[:begin + len(BEGIN)] + '\n' + '\n'.join(lines) + '\n' + text[end:], encoding='utf-8')


# ---- The command line ------------------------------------------------------------------------------------------------

def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f'{number} is less than 1')
    return number


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='command', required=True)
    one = commands.add_parser('compare')
    one.add_argument('--network', required=True)
    one.add_argument('--batch', type=positive, default=1)
    one.add_argument('--clreid', default='clreid')
    one.add_argument('--device')
    one.add_argument('--onnx')
    one.add_argument('--torchscript')
    one.add_argument('--engine', action='append', default=[])
    one.add_argument('--threads', type=positive, default=os.cpu_count())
    one.add_argument('--rounds', type=positive, default=5)
    one.add_argument('--out', required=True)
    one.set_defaults(run=compare)
    one = commands.add_parser('table')
    one.add_argument('results', nargs='+')
    one.add_argument('--page', default=HERE.parent / 'benchmarks.md')
    one.set_defaults(run=write_table)
    one = commands.add_parser('time')
    one.add_argument('name', choices=list(ENGINES))
    one.add_argument('--model', required=True)
    one.add_argument('--batch', type=positive, default=1)
    one.add_argument('--threads', type=positive, default=os.cpu_count())
    one.add_argument('--size')
    one.set_defaults(run=time_engine)
    args = parser.parse_args()
    args.run(args)


if __name__ == '__main__':
    main()
