"""The documents as test_documents.py sees them: their blocks and commands, where their links lead, and what of the code they must
name. Runs nothing.
"""
import re


def documents(source):
    found = [source / 'README.md', source / 'CONTRIBUTING.md', source / 'CHANGELOG.md']
    for folder, suffix in (('docs', '*.md'), ('docs', '*.1.in'), ('samples', '*.md')):
        found += sorted((source / folder).rglob(suffix))
    return found


def manual_blocks(text):
    for block in re.findall(r'^\.nf\n(.*?)^\.fi', text, re.M | re.S):
        yield 'sh', '', block.replace('\\-', '-')


def markdown_blocks(text):
    """(language, file, text) of each block."""
    lines, i = text.split('\n'), 0
    while i < len(lines):
        fence = re.match(r'```(\S*) *(\S*)$', lines[i])
        if fence:
            end = lines.index('```', i + 1)
            yield fence[1], fence[2], '\n'.join(lines[i + 1:end]) + '\n'
            i = end
        elif lines[i].startswith('    ') and (i == 0 or not lines[i - 1].strip()):
            begin = i
            while i < len(lines) and (lines[i].startswith('    ') or not lines[i].strip()):
                i += 1
            yield 'sh', '', '\n'.join(line[4:] for line in lines[begin:i])
            continue
        i += 1


def blocks(path):
    return list((markdown_blocks if path.suffix == '.md' else manual_blocks)(path.read_text()))


def commands(block):
    """Its commands, one a logical line, without comments."""
    for line in re.sub(r'\\\n\s*', '', block).split('\n'):
        line = re.sub(r'  +', ' ', re.sub(r'(^|\s)#\s.*', '', line)).strip()
        if line:
            yield line


def anchors(text):
    text = re.sub(r'^```.*?^```$', '', text, flags=re.M | re.S)
    titles = [re.sub(r'[^\w\- ]', '', title.lower()).strip().replace(' ', '-')
              for title in re.findall(r'^#+ (.*)$', text, re.M)]
    return titles + re.findall(r'<a id="([^"]+)"', text)


def wrong_links(source, paths):
    """Relative links that lead to no file or title."""
    for path in paths:
        for target in re.findall(r'\]\(([^)\s]+)\)', path.read_text()):
            if re.match(r'[a-z]+:', target):
                continue
            file, _, anchor = target.partition('#')
            to = (path.parent / file).resolve() if file else path
            if not to.exists():
                yield f'{path.relative_to(source)}: no file {target}'
            elif anchor and anchor not in anchors(to.read_text()):
                yield f'{path.relative_to(source)}: no title for {target}'


def unknown_variables(source):
    """Environment variables that the code reads and the guide's table does not have."""
    page = (source / 'docs/guide/devices.md').read_text()
    known, read = set(re.findall(r'`([A-Z_]+)`', page)), set()
    for folder in ('lib', 'host', 'samples'):
        for path in (source / folder).rglob('*.[ch]'):
            text = path.read_text()
            read |= set(re.findall(r'getenv\("([A-Z_]+)"\)', text))
            if re.search(r'getenv\((?!")', text):
                read |= set(re.findall(r'"(CLREID_[A-Z_]+)"', text))
        for path in (source / folder).rglob('*.py'):
            read |= set(re.findall(r'environ(?:\.get\(|\[)\'([A-Z_]+)', path.read_text()))
    return sorted(f'docs/guide/devices.md: nothing of the environment variable {name}' for name in read - known)


def unknown_commands(table, paths):
    """Commands of the table that no document has."""
    known = {command for path in paths for language, _, block in blocks(path) if language == 'sh'
             for command in commands(block)}
    return sorted(f'documents_table.py: no document has the command: {command}' for command in table.keys() - known)
