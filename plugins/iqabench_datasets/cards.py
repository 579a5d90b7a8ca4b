"""The cards of the data sets that this plugin reads.

A score range holds every published score. If scores are differences (lower is better), the range
also fixes the zero of ``quality``. A licence is "not stated" if no notice by the set's authors is
known.
"""

from __future__ import annotations

from iqabench.contract import ArchiveCard, DatasetCard, Protocol, RepositoryCard

NOT_STATED = "not stated"
NOTICE = "free of charge with the copyright notice and attribution"

DEMO = DatasetCard(
    name="demo",
    title="Demo: eight photographs, eight distortions, five levels, proxy labels",
    reader="iqabench_datasets.demo:read",
    builder="iqabench_datasets.demo:build",
    version="2",
    images=320,
    contents=8,
    direction="higher",
    score_range=(0, 100),
    label_kind="proxy",
    protocol=Protocol(kind="k-fold", folds=4, seeds=1),
    unlabelled=0,
    licence="photographs: public domain or CC0/CC-BY as scikit-image, scikit-learn and matplotlib "
    "state; distortions and labels: Apache-2.0",
    citation="distortions after Lin, Hosu, Saupe: KADID-10k (QoMEX 2019)",
)

LIVE = DatasetCard(
    name="live",
    title="LIVE Image Quality Assessment Database, release 2",
    reader="iqabench_datasets.live:read",
    images=779,
    contents=29,
    direction="lower",
    score_range=(-3, 112),
    unlabelled=203,
    homepage="https://live.ece.utexas.edu/research/Quality/subjective.htm",
    licence=NOTICE,
    citation="Sheikh, Sabir, Bovik: A statistical evaluation of recent full reference image "
    "quality assessment algorithms (IEEE Trans. Image Process. 15(11), 2006)",
)

CSIQ = DatasetCard(
    name="csiq",
    title="CSIQ: Categorical Subjective Image Quality",
    reader="iqabench_datasets.csiq:read",
    images=866,
    contents=30,
    direction="lower",
    score_range=(0, 1),
    homepage="https://s2.smu.edu/~eclarson/csiq.html",
    licence=NOT_STATED,
    citation="Larson, Chandler: Most apparent distortion: full-reference image quality assessment "
    "and the role of strategy (J. Electron. Imaging 19(1), 2010)",
)

TID2013 = DatasetCard(
    name="tid2013",
    title="TID2013: Tampere Image Database",
    reader="iqabench_datasets.tid2013:read",
    aliases=("tid",),
    images=3000,
    contents=25,
    direction="higher",
    score_range=(0, 9),
    unordered=("non-eccentricity-patch", "local-block-distortion", "contrast-change"),
    unlabelled=0,
    homepage="https://www.ponomarenko.info/tid2013.htm",
    licence=NOT_STATED,
    citation="Ponomarenko et al.: Image database TID2013: peculiarities, results and perspectives "
    "(Signal Process. Image Commun. 30, 2015)",
)

TID2008 = DatasetCard(
    name="tid2008",
    title="TID2008: Tampere Image Database, with the references of TID2013",
    reader="iqabench_datasets.tid2008:read",
    images=1700,
    contents=25,
    direction="higher",
    score_range=(0, 9),
    unordered=TID2013.unordered,
    homepage="https://www.ponomarenko.info/tid2008.htm",
    licence="education and research only, free of charge with the notice and the authors' names; "
    "not to be modified",
    citation="Ponomarenko, Lukin, Zelensky, Egiazarian, Carli, Battisti: TID2008, a database for "
    "evaluation of full-reference visual quality assessment metrics (Advances of Modern "
    "Radioelectronics 10, 2009)",
)

KADID = DatasetCard(
    name="kadid",
    title="KADID-10k",
    reader="iqabench_datasets.kadid:read",
    aliases=("kadid10k", "kadid-10k"),
    images=10125,
    contents=81,
    direction="higher",
    score_range=(1, 5),
    unordered=("color-shift", "mean-shift", "contrast-change"),
    unlabelled=0,
    archive=ArchiveCard(name="kadid10k.zip"),
    homepage="https://database.mmsp-kn.de/kadid-10k-database.html",
    licence=NOT_STATED,
    citation="Lin, Hosu, Saupe: KADID-10k, a large-scale artificially distorted IQA database "
    "(QoMEX 2019)",
)

LIVEC = DatasetCard(
    name="livec",
    title="LIVE In the Wild Image Quality Challenge Database",
    reader="iqabench_datasets.livec:read",
    aliases=("live-challenge", "clive"),
    images=1162,
    contents=1162,
    direction="higher",
    score_range=(0, 100),
    homepage="https://live.ece.utexas.edu/research/ChallengeDB/index.html",
    licence=NOTICE,
    citation="Ghadiyaram, Bovik: Massive online crowdsourced study of subjective and objective "
    "picture quality (IEEE Trans. Image Process. 25(1), 2016)",
)

# No range here: it is 1 to 5 or 0 to 100, depending on the label file, and the reader gives it.
KONIQ = DatasetCard(
    name="koniq",
    title="KonIQ-10k",
    reader="iqabench_datasets.koniq:read",
    aliases=("koniq10k", "koniq-10k"),
    images=10073,
    contents=10073,
    direction="higher",
    option_keys=("labels", "size"),
    homepage="https://database.mmsp-kn.de/koniq-10k-database.html",
    licence=NOT_STATED,
    citation="Hosu, Lin, Sziranyi, Saupe: KonIQ-10k: an ecologically valid database for deep "
    "learning of blind image quality assessment (IEEE Trans. Image Process. 29, 2020)",
)

SPAQ = DatasetCard(
    name="spaq",
    title="SPAQ: Smartphone Photography Attribute and Quality",
    reader="iqabench_datasets.spaq:read",
    images=11125,
    contents=11125,
    direction="higher",
    score_range=(0, 100),
    homepage="https://github.com/h4nwei/SPAQ",
    licence=NOT_STATED,
    citation="Fang, Zhu, Zeng, Ma, Wang: Perceptual quality assessment of smartphone photography "
    "(CVPR 2020)",
)

CUID = DatasetCard(
    name="cuid",
    title="CUID with CUDAS' gaze data, by a manifest of this plugin's own (docs/datasets.md)",
    reader="iqabench_datasets.cuid:read",
    images=600,
    contents=60,
    direction="higher",
    protocol=Protocol(test_share=0.1),  # 540 pictures and 60, as those who use it split it
    licence=NOT_STATED,
    citation="Lévêque et al.: CUID: a new study of perceived image quality and its subjective "
    "assessment (ICIP 2020)",
)

BIQ2021 = DatasetCard(
    name="biq2021",
    title="BIQ2021: authentic photographs, official split",
    reader="iqabench_datasets.biq2021:read",
    images=12000,
    direction="higher",
    score_range=(0, 1),
    protocol=Protocol(kind="official"),
    unlabelled=0,
    option_keys=("scenes",),
    repository=RepositoryCard(
        name="nisarahmedrana/BIQ2021",
        commit="62c7b40c036b68ee280626409699aa5c1a37fe57",
        tree="212230b8b166ecf217a7d8f766aff091e7b9625d",
        paths=("Images", "Train (Images and MOS).csv", "Test (Images and MOS).csv"),
    ),
    homepage="https://github.com/nisarahmedrana/BIQ2021",
    licence="the paper: freely available for use and benchmarking; its page names free use for the "
    "Unsplash part only; no licence names the scores",
    citation="Ahmed, Asif: BIQ2021: a large-scale blind image quality assessment database "
    "(J. Electron. Imaging 31(5), 2022); layout: nisarahmedrana/BIQ2021 at 62c7b40",
    reproductions="iqabench_datasets.biq2021_tables:tables",
)

BIQ2021_BY_SCENE = BIQ2021.model_copy(
    update={
        "name": "biq2021-by-scene",
        "title": "BIQ2021, split by scene in place of the official split",
        "reader": "iqabench_datasets.biq2021:read_by_scene",
        "reproductions": None,
        "protocol": Protocol(),
    }
)

GENERIC = DatasetCard(
    name="csv",
    title="Any CSV or Parquet file with a column of paths and one of scores",
    reader="iqabench_datasets.generic:read",
    direction="higher",
    unlabelled=0,
    option_keys=("labels", "columns"),
    licence=NOT_STATED,
)

FIXATIONS = DatasetCard(
    name="fixations",
    title="Pictures in images/ and where people looked, in fixations.csv",
    reader="iqabench_datasets.fixations:read",
    label_kind="none",
    unlabelled=0,
    licence=NOT_STATED,
)

CARDS = (
    DEMO,
    LIVE,
    CSIQ,
    TID2013,
    TID2008,
    KADID,
    LIVEC,
    KONIQ,
    SPAQ,
    CUID,
    BIQ2021,
    BIQ2021_BY_SCENE,
    GENERIC,
    FIXATIONS,
)
