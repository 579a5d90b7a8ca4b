"""The settings of calls of the public API: catalogue, store, device, progress."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from iqabench.catalog import Catalog
from iqabench.contract.errors import IqabenchError, UnknownNameError, UsageError
from iqabench.contract.progress import Silent, Watcher
from iqabench.engine.device import pick, slow_bf16
from iqabench.engine.executors.spread import Spread as Spread
from iqabench.protocols.choices import Choices as Choices
from iqabench.protocols.job_weights import SHIPPED
from iqabench.protocols.requests import ModelRequest, resolve
from iqabench.registry import Registry, registry
from iqabench.store import Store
from iqabench.store.folder import default_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from iqabench.audit.pairs import Audit
    from iqabench.data.tables import Dataset
    from iqabench.engine.executors.base import Executor
    from iqabench.saliency.maps import MapSource


class Session:
    """Plugins, catalogues, data sets already read, a store and a device, shared by calls."""

    def __init__(
        self,
        catalog: Path | str | None = None,
        *,
        store: Path | str | None = None,
        device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
        precision: Literal["fp32", "bf16"] = "fp32",
        watch: Watcher | None = None,
        spread: Spread | None = None,
        plugins: str | Path | Iterable[str | Path] = (),
    ) -> None:
        """Keep the settings, and load the plugins; no other file is read or opened yet.

        Args:
            catalog: a further catalogue of data sets, merged last.
            store: the folder of results; None takes ``$IQABENCH_STORE`` or ./iqabench-results.
            device: the device of networks; ``auto`` takes a GPU if the machine has one.
            precision: the precision of networks, in training and in testing.
            watch: shows progress; None shows nothing.
            spread: how jobs are spread over processes and machines; None makes one after the other.
            plugins: Python files, each a plugin that is not installed. They stay loaded for the
                whole process, as installed plugins do.

        Raises:
            UsageError: a file of ``plugins`` is no plugin.
        """
        for file in [plugins] if isinstance(plugins, str | Path) else plugins:
            registry().load_file(Path(file))
        self._catalog_file = None if catalog is None else Path(catalog)
        folder = default_root() if store is None else Path(store)
        # The caller or a plugin may change the working folder later.
        self._store_folder = folder.absolute()
        self._device_name = device
        self.precision: str = precision
        self._told = False
        self.spread = Spread() if spread is None else spread
        self.watch: Watcher = watch if watch is not None else Silent()

    @cached_property
    def registry(self) -> Registry:
        """The cards of all plugins."""
        return registry()

    @cached_property
    def catalog(self) -> Catalog:
        """All catalogues, merged."""
        return Catalog(self.registry, self._catalog_file)

    @cached_property
    def store(self) -> Store:
        """The store, which may not exist yet."""
        return Store(self._store_folder, lambda line: self.watch.say(line))

    @cached_property
    def device(self) -> str:
        """``cpu``, ``cuda`` or ``mps``.

        Raises:
            UsageError: the machine does not have the requested device.
        """
        if self.spread.elsewhere and self._device_name == "cuda":
            return "cuda"  # the machines that make the jobs have it, or say that they do not
        return pick(self._device_name)

    @cached_property
    def executor(self) -> Executor:
        """What makes the jobs of runs.

        Raises:
            UsageError: this machine does not have the GPUs.
        """
        return self.spread.chosen(self.device)

    def noted(self) -> dict[str, Any]:
        """The settings that decide what a run does, by the names of the command's options."""
        return {
            "catalog": None if self._catalog_file is None else str(self._catalog_file),
            "device": self._device_name,
            "precision": self.precision,
            "plugin": [str(path) for path in self.registry.files],
            **vars(self.spread),
        }

    def existing_store(self) -> Store:
        """The store, after a check that it has results.

        Raises:
            UsageError: there is no store with results in the folder.
            StoreError: another release wrote the store in another format.
        """
        if not (self.store.root / "jobs").is_dir():
            raise UsageError(
                f"no results at {self.store.root}",
                "`iqabench run` makes some; --store DIR or $IQABENCH_STORE names another",
            )
        self.store.readable()
        return self.store

    def writable_store(self) -> Store:
        """The store, after a check that it can be written.

        Raises:
            StoreError: it cannot be written, or another release wrote it in another format.
        """
        self.store.check()
        return self.store

    def requests(
        self, models: Sequence[str], overrides: Sequence[str], choices: Choices
    ) -> list[ModelRequest]:
        """Requests for models, as :func:`iqabench.protocols.requests.resolve` makes them.

        The first call says if the precision will be slow on this machine.
        """
        slow = slow_bf16(self.device, self.precision)
        if slow and not self._told:
            self.watch.say(slow)
            self._told = True
        return resolve(
            self.registry,
            models,
            overrides,
            choices,
            device=self.device,
            precision=self.precision,
            store=self.store,
        )

    @cached_property
    def _read(self) -> dict[tuple[str, Path | None], Dataset]:
        return {}

    def dataset(self, name: str, root: Path | None = None) -> Dataset:
        """A data set by name or alias; each set is read once.

        ``root`` is its folder; None takes the folder that the catalogues name.
        """
        from iqabench.data.tables import read

        bound = self.catalog.ready(name, root)
        key = bound.name, bound.root
        if key not in self._read:
            with self.watch.task(f"reading {bound.name}") as tick:
                dataset = read(bound, tick)
                _ = dataset.hash
            self._read[key] = dataset
        return self._read[key]

    def place_of(self, path: Path) -> tuple[Dataset, str]:
        """The data set in whose folder a picture lies, and the picture's name in it.

        Of several such sets it is the first that has the picture, the innermost folder first.

        Raises:
            UsageError: no known set has the picture.
        """
        picture = path.resolve()
        bound = [self.catalog.get(name) for name in self.catalog.names()]
        roots = [(one.root.resolve(), one.name) for one in bound if one.root is not None]
        around = [(root, name) for root, name in roots if root in picture.parents]
        for root, name in sorted(around, key=lambda one: -len(one[0].parts)):
            dataset, inside = self.dataset(name), picture.relative_to(root).as_posix()
            if inside in {*dataset.table["image"], *dataset.table.get("reference", ())}:
                return dataset, inside
        where = f"is not in {around[0][1]}" if around else "lies in no data set's folder"
        raise UsageError(
            f"{path} {where}, so that there is no map of it",
            "name a provider that computes maps, such as spectral-residual, or a --catalog",
        )

    def labelled(self, name: str) -> None:
        """Check that a data set's folder exists and that the set has scores of quality.

        Raises:
            UsageError: the set has no scores of quality.
            DataError: the folder is missing.
        """
        card = self.catalog.get(name).card
        if not card.labelled:
            raise UsageError(
                f"data set '{card.name}' has no scores of quality",
                "it judges saliency maps: iqabench saliency eval PROVIDER --dataset NAME",
            )
        self.catalog.ready(name)

    def pictures(self, name: str, data_hash: str) -> Dataset | str:
        """The data set with that hash, or the reason why it is not available.

        A built-in set is not built for this purpose.
        """
        try:
            bound = self.catalog.get(name)
            if bound.root is None or not bound.root.is_dir():
                if bound.card.builder is not None:
                    return f"its files are made by `iqabench datasets show {name}`"
                return "its files are not on this machine"
            dataset = self.dataset(name)
        except UnknownNameError as error:
            return f"{error.message}; a set that --catalog named is to be named again"
        except IqabenchError as error:
            return error.message
        return dataset if dataset.hash == data_hash else "its files or labels have changed since"

    def audit(self, first: Dataset, second: Dataset | None = None) -> Audit:
        """Find pictures of two data sets, or of one set, that show the same content."""
        from iqabench.audit.pairs import audit

        names = first.name if second is None else f"{first.name} and {second.name}"
        with self.watch.task(f"comparing the contents of {names}") as tick:
            return audit(first, second, tick)

    def complete(self, names: Iterable[str]) -> None:
        """Audit the pictures of stored evaluations, by ID; what cannot be audited stays as it is.

        A failure of the audit is said, not raised: results do not depend on it.
        """
        from iqabench.protocols.leakage import complete

        try:
            gone = complete(names, self.store, self.dataset, self.audit)[1]
        except (IqabenchError, OSError, MemoryError) as error:
            why = error.message if isinstance(error, IqabenchError) else error
            self.watch.say(f"what models have seen stays pending: the audit failed: {why}")
            return
        for name in gone:
            self.watch.say(
                f"what models have seen stays pending: {name} is not here as it was; where it is, "
                "--catalog FILE or `iqabench datasets add` names it"
            )

    @cached_property
    def _unreadable(self) -> dict[tuple[str, bool], frozenset[str]]:
        return {}

    def unreadable(self, model: ModelRequest, dataset: Dataset) -> frozenset[str]:
        """The images and references of a data set that cannot be decoded for a model."""
        from iqabench.data.picture_cache import prepare

        key = dataset.hash, model.allow_truncated
        if key not in self._unreadable:
            names = list(dataset.image_hashes)
            with self.watch.task(f"looking for unreadable pictures of {dataset.name}") as tick:
                failures = prepare(dataset, names, model.allow_truncated, tick).failures
            self._unreadable[key] = frozenset(failures)
        return self._unreadable[key]

    @cached_property
    def _maps(self) -> dict[str, MapSource]:
        return {}

    def maps(self, model: ModelRequest, dataset: Dataset) -> MapSource | None:
        """The saliency maps from which a model learns on a data set; None without saliency.

        The first of these that exists is taken: the provider that the user names, the maps that the
        data set has for every image, the provider that the model's card names.
        """
        from iqabench.saliency.maps import MapSource

        provider = model.saliency
        if provider is None:
            return None
        if not model.saliency_named and dataset.ships_maps:
            provider = self.registry.provider(SHIPPED)
        made = MapSource(provider)
        source = self._maps.setdefault(made.label, made)
        if source.reads_files:
            with self.watch.task(f"hashing the saliency maps of {dataset.name}"):
                source.identity(dataset)
        return source


def in_use(session: Session | None) -> Session:
    """The session given to a public function, or a new session in place of None."""
    return session if session is not None else Session()


def listed(names: str | Sequence[str]) -> list[str]:
    """Names as a list; a string counts as one name."""
    return [names] if isinstance(names, str) else list(names)
