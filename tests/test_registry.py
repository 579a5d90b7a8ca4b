import importlib.util
import time
from importlib.metadata import EntryPoint, entry_points
from types import SimpleNamespace

import pytest
from pydantic import BaseModel

from iqabench import Session
from iqabench import registry as module
from iqabench.contract import (
    GROUP,
    DatasetCard,
    IqabenchError,
    MissingDependencyError,
    ModelCard,
    SaliencyCard,
    UnknownNameError,
    UsageError,
    hookimpl,
)
from iqabench.kit.foreign import PluginExitError, guarded
from iqabench.registry import Registry, load, made, registry, require


def model(name, **fields):
    fields = {"summary": "s", "kind": "scorer", "factory": "nowhere:Nothing"} | fields
    return ModelCard(name=name, **fields)


def plugin(*cards, then=None):
    """A plugin that registers models and then, while registering data sets, raises."""

    class Plugin:
        @hookimpl
        def register_models(self, register):
            for card in cards:
                register(card)

        @hookimpl
        def register_datasets(self, register):
            if then is not None:
                raise then

    return Plugin()


def entry(name, loaded):
    """An entry point whose module is the given object, or that raises the given error."""

    def pretend():
        if isinstance(loaded, Exception):
            raise loaded
        return loaded

    return SimpleNamespace(name=name, load=pretend, dist=None)


def test_a_model_is_found_by_name_and_alias_in_any_case():
    found = Registry()
    found.register(plugin(model("niqe", aliases=("n1",))), "p")
    assert found.model("NIQE") is found.model("n1") is found.model("N1")
    assert found.models.canonical("N1") == "niqe"


def test_near_misses_are_named_and_everything_known_where_there_are_none():
    found = Registry()
    found.register(plugin(model("brisque"), model("niqe")), "p")
    with pytest.raises(UnknownNameError, match="unknown model 'brisqe'") as near:
        found.model("brisqe")
    assert near.value.hint.startswith("did you mean brisque")
    with pytest.raises(UnknownNameError) as far:
        found.model("xyz")
    assert far.value.hint == "known: brisque, niqe"


def test_a_plugin_that_fails_is_recorded_and_the_others_go_on():
    found = Registry()
    found.load(EntryPoint("broken", "no_such_module_anywhere", GROUP))
    found.load(entry("angry", RuntimeError("boom")))
    found.load(entry("good", plugin(model("mine"))))
    assert found.model("mine").name == "mine"
    assert found.failures["angry"] == "RuntimeError: boom"
    assert "no_such_module_anywhere" in found.failures["broken"]
    assert list(found.plugins) == ["good"]
    with pytest.raises(UnknownNameError) as error:
        found.model("other")
    assert "plugins that failed to load: broken, angry" in error.value.hint


def test_a_plugin_that_fails_half_way_registers_nothing():
    found = Registry()
    found.load(entry("half", plugin(model("one", aliases=("uno",)), then=ValueError("late"))))
    assert found.failures == {"half": "ValueError: late"}
    assert not found.models.cards
    assert not found.plugins
    found.load(entry("next", plugin(model("uno"))))
    assert found.model("uno").name == "uno"


def test_a_failing_plugin_leaves_a_namesakes_cards_alone():
    found = Registry()
    found.load(entry("same", plugin(model("first"))))
    found.load(entry("same", plugin(model("second"), then=ValueError("late"))))
    assert list(found.models.cards) == ["first"]


@pytest.mark.parametrize("second", [model("a"), model("b", aliases=("a",)), model("x")])
def test_a_taken_name_or_alias_is_the_second_plugins_error(second):
    found = Registry()
    found.register(plugin(model("a", aliases=("x",))), "first")
    found.load(entry("second", plugin(second)))
    assert "is already registered by first" in found.failures["second"]
    assert list(found.models.cards) == ["a"]


def test_a_card_of_the_wrong_kind_is_the_plugins_error():
    found = Registry()
    found.load(entry("mixed", plugin(SaliencyCard(name="s", summary="s", factory="m:f"))))
    assert "mixed" in found.failures
    assert not found.models.cards


def test_a_hook_nobody_specified_is_the_plugins_error():
    class Misspelt:
        @hookimpl
        def register_modles(self, register):
            register(model("mine"))

    found = Registry()
    found.load(entry("misspelt", Misspelt()))
    assert "register_modles" in found.failures["misspelt"]


def test_every_installed_plugin_loads():
    found = registry()
    assert found.failures == {}
    assert set(found.plugins) == {point.name for point in entry_points(group=GROUP)}


@pytest.mark.parametrize("shelf", ["models", "datasets", "saliency"])
def test_every_card_names_code_that_exists(shelf):
    for card in getattr(registry(), shelf).cards.values():
        targets = [getattr(card, key, None) for key in ("factory", "options", "reader", "builder")]
        for target in filter(None, targets):
            assert importlib.util.find_spec(target.partition(":")[0]) is not None, target


def test_default_saliency_providers_are_registered():
    for card in registry().models.cards.values():
        if card.saliency != "none":
            assert registry().provider(card.saliency_default).card.kind == "computed"


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("center", {"sigma": 0.19}),
        (" Center:sigma= 0.3 ", {"sigma": 0.3}),
        ("center:sigma=3e-1", {"sigma": 0.3}),
        ("groundtruth:pixels_per_degree=none", {"sigma": 0.04, "pixels_per_degree": None}),
        ("shuffled:seed=2:of=center:sigma=0.3", {"seed": 2, "of": "center:sigma=0.3"}),
    ],
)
def test_a_provider_has_its_options(text, options):
    assert registry().provider(text).options.model_dump() == options


def test_what_is_permuted_is_a_provider_itself():
    found = registry().provider("shuffled:of=shuffled:seed=1:of=center:sigma=0.3")
    assert found.of.options.seed == 1
    assert found.of.of.options.sigma == 0.3
    assert registry().provider("center").of is None
    with pytest.raises(TypeError, match="permuted by the harness"):
        found.build()


@pytest.mark.parametrize(
    ("text", "error", "message", "hint"),
    [
        ("centre", UnknownNameError, "unknown saliency provider 'centre'", "center"),
        ("centre:sigma=1", UnknownNameError, "unknown saliency provider 'centre'", "center"),
        ("center:sigm=1", UnknownNameError, "unknown option of 'center' 'sigm'", "sigma"),
        ("center:sigma=x", UsageError, "'center': sigma='x': Input should be", "sigma=0.19"),
        ("center:sigma=NaN", UsageError, "sigma=nan: Input should be", "sigma=0.19"),
        ("center:sigma=-1", UsageError, "greater than 0", "center takes sigma=0.19"),
        ("center:0.3", UsageError, "is not NAME:KEY=VALUE", "center:sigma=0.2"),
        ("uniform:a=1", UsageError, "'uniform' has no option 'a'", "uniform takes none"),
        ("shuffled:of=centre", UnknownNameError, "unknown saliency provider 'centre'", "center"),
        ("shuffled:seed=-1", UsageError, "'shuffled': seed=-1", "of=spectral-residual"),
        ("folder", UsageError, "'folder': root: Field required", "folder takes root"),
    ],
)
def test_a_provider_that_cannot_be_is_one_line_and_a_hint(text, error, message, hint):
    with pytest.raises(error) as found:
        registry().provider(text)
    assert message in found.value.message
    assert hint in found.value.hint


def test_load_returns_the_attribute_and_refuses_what_is_not_there():
    assert load("iqabench.contract.cards:DatasetCard") is DatasetCard
    for target in ("iqabench.contract.cards:Nothing", "no_such_module_anywhere:Thing"):
        with pytest.raises(IqabenchError, match="cannot load") as error:
            load(target)
        assert error.value.hint


def test_a_missing_optional_library_names_licence_and_command(monkeypatch):
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError) as extra:
        require(registry().model("maniqa"))
    assert "'maniqa' needs pyiqa" in extra.value.message
    assert "PolyForm Noncommercial" in extra.value.message
    assert "\n" not in extra.value.message
    assert extra.value.hint == "pip install 'iqabench[pyiqa]'"
    with pytest.raises(MissingDependencyError) as plain:
        require(model("m", requires="lib"))
    assert plain.value.hint == "pip install lib"


@pytest.mark.parametrize("requires", ["", "json", "iqabench.contract"])
def test_what_is_installed_is_not_missed(requires):
    require(model("m", requires=requires))


def test_a_missing_parent_of_a_needed_module_is_missing_too():
    with pytest.raises(MissingDependencyError):
        require(model("m", requires="no_such_package.inner"))


def test_a_variant_names_the_model_it_is_a_variant_of():
    # Table I pairs these five; the forms of other encoders are other models.
    cards = registry().models.cards
    assert {cards[f"biosiqnet-vgg19-v{n}"].variant_of for n in range(1, 6)} == {"biosiqnet-vgg19"}
    assert cards["biosiqnet-v1"].variant_of == "biosiqnet"
    assert cards["biosiqnet-vgg19"].variant_of is None
    for card in cards.values():
        assert card.variant_of is None or cards[card.variant_of].variant_of is None


def test_a_plugin_that_ends_the_program_fails_like_others(tmp_path, monkeypatch):
    (tmp_path / "ending.py").write_text("import sys\nsys.exit('enough')\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = Registry()
    found.load(EntryPoint("ending", "ending", GROUP))
    found.load(entry("late", plugin(model("one"), then=SystemExit(3))))
    assert found.failures == {
        "ending": "PluginExitError: it called sys.exit('enough')",
        "late": "PluginExitError: it called sys.exit(3)",
    }
    assert not found.models.cards


def test_a_plugin_that_hangs_is_left_behind():
    begun = time.monotonic()
    with pytest.raises(TimeoutError, match=r"longer than 0\.2 s"):
        guarded(lambda: time.sleep(30), seconds=0.2)
    assert time.monotonic() - begun < 20


def test_what_a_plugin_prints_spoils_no_output(tmp_path, monkeypatch, capsys):
    (tmp_path / "loud.py").write_text("print('hello')\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = Registry()
    found.load(EntryPoint("loud", "loud", GROUP))
    assert capsys.readouterr() == ("", "hello\n")


def test_ours_come_first_so_that_nobody_takes_their_names(tmp_path, monkeypatch):
    """``aaa`` sorts before all of ours and wants the name of one of ours."""
    (tmp_path / "aaa_plugin.py").write_text(
        "from iqabench.contract import ModelCard, hookimpl\n"
        "@hookimpl\n"
        "def register_models(register):\n"
        "    register(ModelCard(name='brisque', summary='s', kind='scorer', factory='a:b'))\n"
    )
    info = tmp_path / "aaa-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: aaa\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\naaa = aaa_plugin\n")
    monkeypatch.syspath_prepend(tmp_path)
    module.registry.cache_clear()
    try:
        found = module.registry()
        assert "already registered by nss" in found.failures["aaa"]
        assert {"brisque", "niqe", "biosiqnet"} <= set(found.models.cards)
    finally:
        module.registry.cache_clear()


ONE_FILE = """
from iqabench.contract import ModelCard, hookimpl


@hookimpl
def register_models(register):
    register(ModelCard(name="{name}", summary="s", kind="scorer", factory="here:Mean"))
"""


@pytest.fixture
def forgotten(monkeypatch):
    """The registry, Python's path and its modules are afterwards as they were."""
    monkeypatch.setattr(module.sys, "path", [*module.sys.path])
    module.registry.cache_clear()
    yield
    module.registry.cache_clear()
    module.sys.modules.pop("one_file_plugin", None)


@pytest.fixture
def one_file(tmp_path, forgotten):
    path = tmp_path / "one_file_plugin.py"
    path.write_text(ONE_FILE.format(name="one-file-plugin"))
    return path


def test_a_single_file_is_a_plugin_of_the_whole_process(one_file):
    for _ in range(2):  # naming it again changes nothing
        assert Session(plugins=one_file).registry.model("one-file-plugin")
    assert Session().registry.models.plugins["one-file-plugin"] == "one_file_plugin"
    assert str(one_file.parent) in module.sys.path  # where workers look, too


def test_every_command_takes_a_single_file(one_file, iqabench):
    code, printed, _ = iqabench("models", "one-file-plugin", "--plugin", one_file)
    assert code == 0 and "one-file-plugin" in printed


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("json.py", "", "there is another module 'json'"),
        ("two words.py", "import nothing_at_all", "No module named 'nothing_at_all'"),
        ("notes.txt", "", "no plugin at"),
        ("empty_one.py", "", "no function that is marked with @hookimpl"),
        ("leaving.py", "import sys; sys.exit(3)", "PluginExitError: it called sys.exit(3)"),
        ("wrong.py", "1 +", "SyntaxError: invalid syntax"),
        ("thief.py", ONE_FILE.format(name="brisque"), "'brisque' is already registered by nss"),
        (
            "later_plugin.py",
            "IQABENCH_CONTRACT = 99",
            "is written for version 99",
        ),
    ],
)
def test_a_file_that_is_no_plugin_is_one_line(tmp_path, forgotten, iqabench, name, text, message):
    (tmp_path / name).write_text(text)
    code, printed, complaint = iqabench("models", "--plugin", tmp_path / name)
    assert (code, printed) == (2, "")
    assert len(complaint) == 2 and message in complaint[0], complaint


def written_for(version):
    made = plugin(model("mine"))
    made.IQABENCH_CONTRACT = version
    return made


def test_a_plugin_says_for_which_contract_it_was_written(monkeypatch):
    monkeypatch.setattr("iqabench.contract.version.VERSION", 3)
    monkeypatch.setattr("iqabench.contract.version.OLDEST", 2)
    for version in (2, 3):
        Registry().register(written_for(version), "good")
    for other, message in (
        (plugin(model("mine")), "version 1 of the plugin contract, and this iqabench takes vers"),
        (written_for(1), "upgrade the plugin"),
        (written_for("1.0"), "upgrade the plugin"),
        (written_for(4), "upgrade iqabench"),
    ):
        found = Registry()
        found.load(entry("other", other))
        assert message in found.failures["other"]
        assert "\n" not in found.failures["other"]
        assert not found.models.cards


def test_a_card_with_a_field_of_another_contract_is_one_line():
    class Later:
        @hookimpl
        def register_models(self, register):
            register(model("mine", colour="blue"))

    found = Registry()
    found.load(entry("later", Later()))
    assert found.failures["later"] == (
        "ModelCard, colour: Extra inputs are not permitted "
        "(is it written for another contract? This iqabench has version 1)"
    )


def test_a_plugin_that_gives_one_name_twice_hurts_nobody_else():
    found = Registry()
    found.load(entry("good", plugin(model("other"))))
    found.load(entry("double", plugin(model("mine"), model("mine"))))
    assert found.failures == {"double": "ValueError: model 'mine' is already registered by double"}
    assert list(found.models.cards) == ["other"]


class Options(BaseModel):
    power: float = 1.0


class Takes:
    def __init__(self, options):
        self.options = options


class TakesNone:
    pass


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        (Takes, None, "takes options (missing a required argument: 'options')"),
        (TakesNone, Options(), "the card of 'mine' names options"),
    ],
)
def test_a_factory_that_does_not_fit_its_card_is_one_line(monkeypatch, target, options, message):
    monkeypatch.setattr(module, "load", lambda text: target)
    with pytest.raises(UsageError) as found:
        made("here:it", options, "mine")
    assert message in found.value.message


def test_a_factory_gets_the_options_of_its_card(monkeypatch):
    monkeypatch.setattr(module, "load", lambda text: Takes)
    assert made("here:it", Options(power=2), "mine").options.power == 2


def leaving(options=None):
    raise SystemExit(3)


def test_a_factory_that_ends_the_program_is_one_line(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(module, "load", lambda text: leaving)
        with pytest.raises(PluginExitError, match=r"it called sys\.exit\(3\)"):
            made("here:leaving", None, "mine")
    (tmp_path / "leaving_code.py").write_text("import sys\nsys.exit(4)\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(IqabenchError, match=r"cannot load leaving_code:it: it called sys\.exit"):
        load("leaving_code:it")
