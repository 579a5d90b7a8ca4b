"""Loads plugins and resolves names. No other module does this.

If a plugin fails to import, its error is kept, and ``iqabench doctor`` shows it. The other plugins
are loaded.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Generic, TypeVar

import pluggy
from pydantic import BaseModel, ValidationError

from iqabench.contract import hooks
from iqabench.contract.cards import DatasetCard, ModelCard, SaliencyCard
from iqabench.contract.errors import (
    IqabenchError,
    MissingDependencyError,
    UnknownNameError,
    UsageError,
)
from iqabench.contract.version import VERSION, check_version
from iqabench.kit.foreign import PluginExitError, guarded, staying
from iqabench.options import known, misfit, named, parsed

Card = TypeVar("Card", ModelCard, DatasetCard, SaliencyCard)
DISTRIBUTION = "iqabench"
"""Its plugins are loaded before others."""


class Shelf(Generic[Card]):
    """The cards of one kind, found by name or alias."""

    def __init__(self, what: str, kind: type[Card], lister: str) -> None:
        """``what`` the cards are called, their class, and the command that lists them."""
        self.what = what
        self.lister = lister
        self.kind: type[Card] = kind
        self.cards: dict[str, Card] = {}
        self.plugins: dict[str, str] = {}
        self._aliases: dict[str, str] = {}

    def add(self, card: Card, plugin: str) -> None:
        """Put a card on the shelf.

        Raises:
            TypeError: the card is of another kind.
            ValueError: its name or an alias is taken.
        """
        if not isinstance(card, self.kind):
            raise TypeError(f"{card!r} is no {self.kind.__name__}")
        for name in (card.name, *card.aliases):
            if name in self.cards or name in self._aliases:
                owner = self.plugins[self._aliases.get(name, name)]
                raise ValueError(f"{self.what} '{name}' is already registered by {owner}")
        self.cards[card.name] = card
        self.plugins[card.name] = plugin
        self._aliases |= dict.fromkeys(card.aliases, card.name)

    def remove_plugin(self, plugin: str) -> None:
        """Remove the cards that a plugin added before it failed."""
        for name in [name for name, owner in self.plugins.items() if owner == plugin]:
            card = self.cards.pop(name)
            del self.plugins[name]
            for alias in card.aliases:
                self._aliases.pop(alias, None)

    def has(self, name: str) -> bool:
        """Whether somebody registered a card of that name or alias."""
        return self.canonical(name) in self.cards

    def canonical(self, name: str) -> str:
        """The registered name that an alias stands for; other names in lower case."""
        return self._aliases.get(name.lower(), name.lower())

    def get(self, name: str, note: str = "") -> Card:
        """The card of that name or alias.

        Raises:
            UnknownNameError: nobody registered it; the hint gives similar names.
        """
        key = self.canonical(name)
        if key not in self.cards:
            names = [*self.cards, *self._aliases]
            raise UnknownNameError(self.what, name, names, note, self.lister)
        return self.cards[key]


@dataclass(frozen=True)
class Provider:
    """A saliency provider and its options."""

    card: SaliencyCard
    options: BaseModel | None = None
    of: Provider | None = None
    """The provider whose maps are permuted; None if the maps are not permuted."""

    @cached_property
    def contents(self) -> Mapping[str, str]:
        """Option -> SHA-256 of its contents, for the options that are files or folders.

        The hash of a folder covers the names and the contents of its files.
        """
        from iqabench.kit.download import tree_sha256

        values = {} if self.options is None else dict(self.options)
        return {key: tree_sha256(value) for key, value in values.items() if isinstance(value, Path)}

    def build(self) -> Any:
        """The provider itself; imports its code."""
        if self.card.factory is None:
            raise TypeError(f"the maps of '{self.card.name}' are permuted by the harness")
        return made(self.card.factory, self.options, self.card.name)


class Registry:
    """Every plugin's cards, and the plugins that failed."""

    def __init__(self) -> None:
        self.models: Shelf[ModelCard] = Shelf("model", ModelCard, "iqabench models")
        self.datasets: Shelf[DatasetCard] = Shelf("data set", DatasetCard, "iqabench datasets")
        self.saliency: Shelf[SaliencyCard] = Shelf(
            "saliency provider", SaliencyCard, "iqabench saliency"
        )
        self.failures: dict[str, str] = {}
        self.plugins: dict[str, str] = {}
        self.files: list[Path] = []
        """Plugins that are not installed, in the order in which they were loaded."""

    def load(self, entry: EntryPoint) -> None:
        """Import one plugin and let it register; a failure is recorded, not raised."""
        try:
            self.register(guarded(entry.load), entry.name)
        except Exception as error:
            self.failures[entry.name] = _told(error)

    def load_file(self, path: Path) -> None:
        """Load a plugin that is a single Python file; a file that is loaded already stays so.

        Its folder is put at the end of Python's path, so that workers find the module as well.

        Raises:
            UsageError: there is no such file, its name is another module's, or it is no plugin.
        """
        path, name = path.resolve(), path.stem
        if path.suffix != ".py" or not path.is_file():
            raise UsageError(f"no plugin at {path}", "name a Python file, such as my_model.py")
        if str(path.parent) not in sys.path:
            sys.path.append(str(path.parent))
        importlib.invalidate_caches()
        found = _origin(name)
        if found != path:
            other = f"there is another module '{name}'" if found else f"'{name}' names no module"
            raise UsageError(f"plugin {path}: {other}", "give the file another name")
        if name in self.plugins.values():
            return
        try:
            self.register(guarded(lambda: importlib.import_module(name)), name)
        except Exception as error:
            raise UsageError(f"plugin {path}: {_told(error)}", "mend the file") from error
        self.files.append(path)

    def register(self, plugin: object, name: str) -> None:
        """Collect the cards of a plugin: a module or an object with hook implementations.

        Either all its cards are registered or none.

        Raises:
            Exception: whatever the plugin raised.
        """
        if name in self.plugins:
            raise ValueError(f"a plugin called '{name}' is loaded already")
        check_version(plugin)
        manager = pluggy.PluginManager(hooks.GROUP)
        manager.add_hookspecs(hooks)
        manager.register(plugin, name)
        manager.check_pending()
        if not manager.get_hookcallers(plugin):
            raise ValueError("it has no function that is marked with @hookimpl")
        shelves = (self.models, self.datasets, self.saliency)
        try:
            guarded(lambda: _register_all(manager, shelves, name))
        except Exception:
            for shelf in shelves:
                shelf.remove_plugin(name)
            raise
        self.plugins[name] = getattr(plugin, "__name__", type(plugin).__name__)

    def note(self) -> str:
        """The end of a hint: the plugins that failed to load; one of them may offer the name."""
        if not self.failures:
            return ""
        return f" (plugins that failed to load: {', '.join(self.failures)}; see iqabench doctor)"

    def model(self, name: str) -> ModelCard:
        """The card of a model, by name or alias."""
        return self.models.get(name, self.note())

    def dataset(self, name: str) -> DatasetCard:
        """The card of a data set, by name or alias."""
        return self.datasets.get(name, self.note())

    def provider(self, text: str) -> Provider:
        """The saliency provider that ``NAME[:KEY=VALUE[:KEY=VALUE...]]`` names.

        If it permutes maps, the whole text after ``of=`` is the other provider with its options.

        Raises:
            UnknownNameError: nobody registered the provider, or it has no such option.
            UsageError: an option is missing or has a value that does not fit.
            MissingDependencyError: an optional library is missing.
        """
        card = self.saliency.get(text.partition(":")[0].strip(), self.note())
        require(card)
        permuted = card.kind == "permuted"
        _, given = named(text, rest="of" if permuted else "")
        options = _options(card, given)
        of = self.provider(getattr(options, "of", "")) if permuted else None
        return Provider(card, options, of)


def _told(error: Exception) -> str:
    """An error of a plugin in one line."""
    if isinstance(error, IqabenchError):
        return f"{error.message}; {error.hint}" if error.hint else error.message
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        text = f"{error.title}{f', {key}' if key else ''}: {first['msg']}"
    else:
        text = f"{type(error).__name__}: {' '.join(str(error).split())}"
    strange = isinstance(error, ValidationError) and first["type"] == "extra_forbidden"
    if strange or (isinstance(error, ImportError) and (error.name or "").startswith("iqabench.")):
        text += f" (is it written for another contract? This iqabench has version {VERSION})"
    return text


def _origin(name: str) -> Path | None:
    """The file of the module of that name; None if there is no such module or it has no file."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin).resolve() if spec is not None and spec.origin else None


def _register_all(
    manager: pluggy.PluginManager, shelves: tuple[Shelf[Any], Shelf[Any], Shelf[Any]], name: str
) -> None:
    """Let a plugin put its cards on the shelves of models, data sets and saliency providers."""
    models, datasets, saliency = shelves
    manager.hook.register_models(register=lambda card: models.add(card, name))
    manager.hook.register_datasets(register=lambda card: datasets.add(card, name))
    manager.hook.register_saliency_providers(register=lambda card: saliency.add(card, name))


def _options(card: SaliencyCard, given: dict[str, str]) -> BaseModel | None:
    if card.options is None:
        if given:
            raise UsageError(
                f"saliency provider '{card.name}' has no option '{next(iter(given))}'",
                f"{card.name} takes none",
            )
        return None
    model: type[BaseModel] = load(card.options)
    known(model, given, card.name)
    try:
        return model.model_validate({key: parsed(model, key, given[key]) for key in given})
    except ValidationError as error:
        hint = f"{card.name} takes {', '.join(options_of(card))}"
        raise misfit(f"saliency provider '{card.name}': ", error, hint) from error


def options_of(card: SaliencyCard) -> list[str]:
    """The options that a provider takes: KEY=DEFAULT, or KEY alone if the option has no default."""
    fields = load(card.options).model_fields if card.options is not None else {}
    return [
        key if field.is_required() else f"{key}={field.default}" for key, field in fields.items()
    ]


@cache
def registry() -> Registry:
    """The registry of all installed plugins: first ours, then others, in the order of names.

    So no other plugin can take a name that ours have.
    """
    found = Registry()
    for entry in sorted(entry_points(group=hooks.GROUP), key=_ours_first):
        found.load(entry)
    return found


def _ours_first(entry: EntryPoint) -> tuple[bool, str]:
    return entry.dist is None or entry.dist.name != DISTRIBUTION, entry.name


def load(target: str) -> Any:
    """The object that ``"package.module:attribute"`` names.

    Raises:
        IqabenchError: the module cannot be imported or lacks the attribute.
    """
    module, _, attribute = target.partition(":")
    try:
        with staying():
            return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, PluginExitError) as error:
        raise IqabenchError(
            f"cannot load {target}: {error}", "reinstall the plugin that registered it"
        ) from error


def made(target: str, options: BaseModel | None, owner: str) -> Any:
    """What a card's factory returns; it is called with the options, if there are any.

    Raises:
        UsageError: the factory takes options and the card names none, or the other way round.
        IqabenchError: the factory cannot be loaded, or cannot work.
        PluginExitError: it called ``sys.exit``.
    """
    factory, given = load(target), () if options is None else (options,)
    try:
        inspect.signature(factory).bind(*given)
    except ValueError:  # code that is not Python's has no signature
        pass
    except TypeError as error:
        if options is None:
            raise UsageError(
                f"{target} takes options ({error}), and the card of '{owner}' names none",
                'add options="module:Model" to the card, a pydantic model',
            ) from error
        raise UsageError(
            f"the card of '{owner}' names options, and {target} takes none ({error})",
            "the factory is called with one argument, the options",
        ) from error
    with staying():
        return factory(*given)


def lacking(card: ModelCard | SaliencyCard) -> str:
    """The first optional library that a card needs and that is not installed; empty if none is.

    Nothing is imported.
    """
    also = card.also_requires if isinstance(card, ModelCard) else ()
    return next((name for name in (card.requires, *also) if name and not _installed(name)), "")


def _installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # its parent package is missing
        return False


def install_command(card: ModelCard | SaliencyCard) -> str:
    """The command that installs the library that a card lacks."""
    library = lacking(card)
    if library == card.requires and card.extra:
        return f"pip install 'iqabench[{card.extra}]'"
    return f"pip install {library}"


def require(card: ModelCard | SaliencyCard) -> None:
    """Check, without importing them, that the optional libraries a card needs are installed.

    Raises:
        MissingDependencyError: one is not installed. The error gives the licence on the card and
            the install command.
    """
    library = lacking(card)
    if library:
        raise MissingDependencyError(
            f"'{card.name}' needs {library}, which is not installed (licence: {card.licence})",
            install_command(card),
        )
