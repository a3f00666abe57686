"""A folder of YAML files is one catalog, whatever the names and the order of the files."""

from pathlib import Path

import pytest

from catalog.error_messages import InputError
from catalog.imports.documents import read_catalog
from catalog.sources import yaml_catalog, yaml_folders
from catalog.sources.rows import SourceError

HEAD = "format: modelbook/1\n"
MODELS = HEAD + "models:\n- {name: b, vendor: acme}\n- {name: a, vendor: acme, display_name: 'null'}\n"
VENDORS = HEAD + "vendors:\n- {slug: acme, name: ACME}\n"


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        file = folder / name.replace("__", "/").replace("_yaml", ".yaml").replace("_yml", ".yml")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def test_the_names_and_the_order_of_files_do_not_matter(tmp_path: Path) -> None:
    first = write(tmp_path / "first", a_yaml=MODELS, b_yml=VENDORS)
    more = HEAD + "models:\n- {name: a, vendor: acme, display_name: 'null'}\n"
    rest = HEAD + "models:\n- {name: b, vendor: acme}\n"
    second = write(tmp_path / "second", zz_yaml=VENDORS, models__b_yaml=rest, models__a_yaml=more)

    content = read_catalog(first)

    assert read_catalog(second) == content
    assert [record.name for record in yaml_catalog.read(content).records] == ["a", "b"]
    assert yaml_catalog.read(content).records[0].display_name == "null"
    assert yaml_catalog.read(content).structure.sections == {"models", "vendors"}


def test_other_files_and_hidden_ones_are_not_read(tmp_path: Path) -> None:
    write(tmp_path, a_yaml=VENDORS, README="no catalog")
    write(tmp_path / ".git", config_yaml="no catalog")
    (tmp_path / ".hidden.yaml").write_text("no catalog")
    assert list(yaml_catalog.read(read_catalog(tmp_path)).structure.vendors) == ["acme"]


def test_an_entry_in_two_files_is_refused_with_both_names(tmp_path: Path) -> None:
    write(tmp_path, one_yaml=VENDORS, parts__two_yaml=VENDORS)
    with pytest.raises(
        InputError, match=r"^vendor acme is in one.yaml and also in parts/two.yaml: keep one of them\.$"
    ):
        read_catalog(tmp_path)
    write(tmp_path, one_yaml=VENDORS + "- {slug: acme, name: Other}\n")
    with pytest.raises(InputError, match=r"^vendor acme is twice in one.yaml: keep one of them\.$"):
        read_catalog(tmp_path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("format: modelbook/1\nmodels: [\n", r"^bad.yaml: The document is not YAML: .* at line 3, column 1\.$"),
        ("models: []\n", "^bad.yaml: The document is not a catalog: start it with the line `format: modelbook/1`"),
        (HEAD + "model: []\n", "^bad.yaml: The section 'model' is unknown: use vendors, "),
        (
            HEAD + "groups:\n- {slug: vip, color: red}\n",
            "^bad.yaml: group vip: the field 'color' is unknown: use slug, ",
        ),
        (HEAD + "models: &a []\n", "^bad.yaml: Line 2 has an anchor or alias"),
    ],
)
def test_an_error_names_the_file_and_the_place(tmp_path: Path, text: str, sentence: str) -> None:
    write(tmp_path, a_yaml=VENDORS, bad_yaml=text)
    with pytest.raises(InputError, match=sentence):
        read_catalog(tmp_path)


def test_links_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "there", a_yaml=VENDORS)
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "a.yaml").symlink_to(tmp_path / "there" / "a.yaml")
    with pytest.raises(InputError, match=r"a\.yaml is a symbolic link: replace it"):
        read_catalog(tmp_path / "here")
    (tmp_path / "here" / "a.yaml").unlink()
    (tmp_path / "here" / "parts").symlink_to(tmp_path / "there")
    with pytest.raises(InputError, match="parts is a symbolic link"):
        read_catalog(tmp_path / "here")


def test_an_empty_folder_is_not_a_catalog(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"contains no file that ends in \.yaml or \.yml"):
        read_catalog(tmp_path)


def test_the_size_is_limited_for_all_files_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, a_yaml=VENDORS, b_yaml=HEAD + "# " + "x" * 100)
    monkeypatch.setattr(yaml_folders, "LARGEST_FILE", 150)
    with pytest.raises(SourceError, match="are larger than 0 MiB together"):
        yaml_folders.join(tmp_path)
