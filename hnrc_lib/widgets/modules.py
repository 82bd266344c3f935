"""Join a widget's ES modules into the one text that Jupyter carries.

A widget's module reaches the page as a Blob, which has no folder to import from. The sources stay
separate modules, imported as they are by Node's tests; here each becomes a function that returns its
exports, in the order of their imports, so that their private names cannot meet.
"""

import re
from pathlib import Path

_IMPORT = re.compile(r'^import\s*\{([^}]*)\}\s*from\s*"(\.{1,2}/[^"]+\.js)";[ \t]*\n?', re.MULTILINE)
_ANY_IMPORT = re.compile(r"^import\b.*$", re.MULTILINE)
_EXPORT = re.compile(
    r"^export\s+(?=(?:async\s+)?(?:function\*?|class|const)\s+([A-Za-z_$][\w$]*))", re.MULTILINE
)
_ANY_EXPORT = re.compile(r"^export\b.*$", re.MULTILINE)
_DECLARATION = re.compile(
    r"^(?:export\s+)?(?:async\s+)?(?:function\*?|class|const|let|var)\s+([A-Za-z_$][\w$]*)", re.MULTILINE
)


class ModuleError(ValueError):
    """A module that cannot be joined; the message names the file and the reason."""


def join_modules(entry: Path, root: Path) -> str:
    """One ES module that does what ``entry`` does with everything it imports.

    Args:
        entry: the module whose exports remain exports.
        root: the folder that no import may leave.

    Returns:
        The text; it imports nothing.

    Raises:
        ModuleError: an import that is not ``import { names } from "./file.js";``, one that leaves ``root`` or
            names what the file does not export, a circle, or a name that would stand for two things.

    >>> folder = Path(__file__).parent
    >>> "import {" in join_modules(folder / "damping_explorer" / "widget.js", folder)
    False
    """
    root = root.resolve()
    order: list[Path] = []
    _visit(entry.resolve(), root, order, ())
    exports = {path: _EXPORT.findall(path.read_text(encoding="utf-8")) for path in order}
    parts = [_wrapped(path, root, exports) for path in order[:-1]]
    imports, body = _split(order[-1], root, exports)
    return "\n".join([*parts, f"// {order[-1].relative_to(root).as_posix()}", *imports, body])


def join_styles(*paths: Path) -> str:
    """The style sheets one after the other, shared ones first."""
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def _imports(path: Path, root: Path) -> list[tuple[str, Path]]:
    """The pairs (names between the braces, file) that a module imports."""
    text = path.read_text(encoding="utf-8")
    stray = _ANY_IMPORT.search(_IMPORT.sub("", text))
    if stray:
        raise ModuleError(
            f'{path.name}: only `import {{ names }} from "./file.js";` can be joined, got {stray.group()!r}'
        )
    found = [(names, (path.parent / source).resolve()) for names, source in _IMPORT.findall(text)]
    for _, target in found:
        if not target.is_relative_to(root) or not target.is_file():
            raise ModuleError(f"{path.name}: imports {target.name}, which is not a file below {root.name}/")
    return found


def _visit(path: Path, root: Path, order: list[Path], trail: tuple[Path, ...]) -> None:
    """Append ``path`` to ``order`` after everything it imports."""
    if path in trail:
        raise ModuleError("modules import in a circle: " + " → ".join(p.name for p in (*trail, path)))
    if path in order:
        return
    for _, target in _imports(path, root):
        _visit(target, root, order, (*trail, path))
    order.append(path)


def _identifier(path: Path, root: Path) -> str:
    stem = path.relative_to(root).with_suffix("").as_posix()
    return "module_" + re.sub(r"\W", lambda match: f"${ord(match.group()):x}$", stem)


def _split(path: Path, root: Path, exports: dict[Path, list[str]]) -> tuple[list[str], str]:
    """A module's imports as destructuring statements, and its text without them."""
    text = path.read_text(encoding="utf-8")
    taken = dict.fromkeys(_DECLARATION.findall(text), "declares")
    statements = []
    for names, target in _imports(path, root):
        bindings = []
        for name in filter(None, (part.strip() for part in names.split(","))):
            exported, _, local = (part.strip() for part in name.partition(" as "))
            local = local or exported
            if exported not in exports[target]:
                raise ModuleError(f"{path.name}: {target.name} exports no {exported!r}")
            if local in taken:
                raise ModuleError(f"{path.name}: imports {local!r}, which it already {taken[local]}")
            taken[local] = "imports"
            bindings.append(exported if local == exported else f"{exported}: {local}")
        statements.append(f"const {{ {', '.join(bindings)} }} = {_identifier(target, root)};")
    return statements, _IMPORT.sub("", text).strip() + "\n"


def _wrapped(path: Path, root: Path, exports: dict[Path, list[str]]) -> str:
    """A module as a constant that holds its exports."""
    imports, body = _split(path, root, exports)
    body = _EXPORT.sub("", body)
    stray = _ANY_EXPORT.search(body)
    if stray:
        raise ModuleError(
            f"{path.name}: only `export function`, `class` and `const` can be joined, got {stray.group()!r}"
        )
    if len(set(exports[path])) != len(exports[path]):
        raise ModuleError(f"{path.name}: exports one name twice: {sorted(exports[path])}")
    head = f"// {path.relative_to(root).as_posix()}\nconst {_identifier(path, root)} = (() => {{"
    return "\n".join([head, *imports, f"{body}return {{ {', '.join(exports[path])} }};", "})();"])
