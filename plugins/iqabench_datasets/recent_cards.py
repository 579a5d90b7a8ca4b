"""The cards of the sets that later papers report; :mod:`iqabench_datasets.cards` has the others.

A set is here because somebody has publicly said how its files lie; the citation ends with who did.
A number that nobody has stated, such as the range of some scores, is left out.
"""

from __future__ import annotations

from iqabench.contract import DatasetCard
from iqabench_datasets.attributes import KEY
from iqabench_datasets.cards import NOT_STATED

FLIVE_PAPER = (
    "Ying, Niu, Gupta, Mahajan, Ghadiyaram, Bovik: From patches to pictures (PaQ-2-PiQ): mapping "
    "the perceptual space of picture quality (CVPR 2020); layout: niu-haoran/FLIVE_Database, "
    "baidut/PaQ-2-PiQ"
)
FLIVE_TERMS = (
    "labels: CC BY-NC 4.0 and CC BY-NC-SA 4.0, the repository states both; pictures: as AVA, "
    "EMOTIC, PASCAL VOC and the blur detection set, from which they come, state"
)

FLIVE = DatasetCard(
    name="flive",
    title="FLIVE (PaQ-2-PiQ): pictures",
    reader="iqabench_datasets.flive:read",
    aliases=("paq2piq", "paq-2-piq", "live-fb"),
    images=39810,
    contents=39810,
    direction="higher",
    score_range=(0, 100),
    homepage="https://github.com/baidut/PaQ-2-PiQ",
    licence=FLIVE_TERMS,
    citation=FLIVE_PAPER,
)

# No count: about three patches a picture are published, but fewer than three times 39,810.
FLIVE_PATCHES = DatasetCard(
    name="flive-patches",
    title="FLIVE (PaQ-2-PiQ): patches of the pictures",
    reader="iqabench_datasets.flive:read_patches",
    direction="higher",
    score_range=(0, 100),
    homepage="https://github.com/baidut/PaQ-2-PiQ",
    licence=FLIVE_TERMS,
    citation=FLIVE_PAPER,
)

PIPAL = DatasetCard(
    name="pipal",
    title="PIPAL: Perceptual Image Processing Algorithms, the public training part (Elo, "
    "comparable within a reference)",
    reader="iqabench_datasets.pipal:read",
    images=23200,
    contents=200,
    direction="higher",
    score_range=(900, 1900),
    homepage="https://github.com/HaomingCai/PIPAL-dataset",
    licence=NOT_STATED,
    citation="Gu, Cai, Chen, Ye, Ren, Dong: PIPAL: a large-scale image quality assessment dataset "
    "for perceptual image restoration (ECCV 2020); layout: HaomingCai/PIPAL-dataset, "
    "mv-lab/IQA-Conformer-BNS",
)

UHD_IQA = DatasetCard(
    name="uhdiqa",
    title="UHD-IQA Benchmark Database",
    reader="iqabench_datasets.uhdiqa:read",
    aliases=("uhd-iqa",),
    images=6073,
    contents=6073,
    direction="higher",
    score_range=(0, 1),
    homepage="https://database.mmsp-kn.de/uhd-iqa-benchmark-database.html",
    licence=f"photographs: CC0, from Pixabay; scores: {NOT_STATED}",
    citation="Hosu, Agnolucci, Wiedemann, Iso, Saupe: UHD-IQA benchmark database: pushing the "
    "boundaries of blind photo quality assessment (ECCV 2024 Workshops); layout: its readme",
)

AVA = DatasetCard(
    name="ava",
    title="AVA: Aesthetic Visual Analysis (votes for aesthetics)",
    reader="iqabench_datasets.ava:read",
    images=255530,
    contents=255530,
    direction="higher",
    score_range=(1, 10),
    homepage="https://github.com/imfing/ava_downloader",
    licence="rights of the photographs stay with the photographers and dpchallenge.com; neither "
    "photographs nor data may be redistributed",
    citation="Murray, Marchesotti, Perronnin: AVA: a large-scale database for aesthetic visual "
    "analysis (CVPR 2012); layout: its readme of June 2012",
)

PIQ23 = DatasetCard(
    name="piq23",
    title="PIQ23: portraits of 50 scenes (JOD, comparable within a scene)",
    reader="iqabench_datasets.piq23:read",
    aliases=("piq2023",),
    images=5116,
    contents=50,
    direction="higher",
    score_range=(-8, 6),
    option_keys=(KEY,),
    homepage="https://github.com/DXOMARK-Research/PIQ2023",
    licence="research only, not commercial, after a form; not to be redistributed",
    citation="Chahine, Calarasanu, Garcia-Civiero, Cayla, Ferradans, Ponce: An image quality "
    "assessment dataset for portraits (CVPR 2023); layout: DXOMARK-Research/PIQ2023",
)

# No count: the paper says 20,000, and those who read the label file 19,988 or 19,998.
GFIQA = DatasetCard(
    name="gfiqa",
    title="GFIQA-20k: Generic Face Image Quality Assessment",
    reader="iqabench_datasets.gfiqa:read",
    aliases=("gfiqa-20k", "gfiqa20k"),
    direction="higher",
    score_range=(0, 1),
    homepage="https://database.mmsp-kn.de/gfiqa-20k-database.html",
    licence=NOT_STATED,
    citation="Su, Lin, Hosu, Wiedemann, Sun, Zhu, Liu, Zhang, Saupe: Going the extra mile in face "
    "image quality assessment: a novel database and model (IEEE Trans. Multimedia 26, 2024); "
    "layout: chaofengc/IQA-PyTorch and other public loaders",
)

# No range: the authors' loader scales whatever scores it finds to 0 and 1.
CGFIQA = DatasetCard(
    name="cgfiqa",
    title="CGFIQA-40k: Comprehensive Generic Face Image Quality Assessment",
    reader="iqabench_datasets.cgfiqa:read",
    aliases=("cgfiqa-40k", "cgfiqa40k"),
    images=39312,
    contents=39312,
    direction="higher",
    homepage="https://github.com/DSL-FIQA/DSL-FIQA",
    licence=NOT_STATED,
    citation="Chen, Krishnan, Gao, Kuo, Ma, Wang: DSL-FIQA: assessing facial image quality via "
    "dual-set degradation learning and landmark-guided transformer (CVPR 2024); layout: "
    "DSL-FIQA/DSL-FIQA",
)

AGIQA_3K = DatasetCard(
    name="agiqa3k",
    title="AGIQA-3K: pictures generated from prompts",
    reader="iqabench_datasets.agiqa3k:read",
    aliases=("agiqa-3k",),
    images=2982,
    contents=300,
    direction="higher",
    score_range=(0, 5),
    option_keys=(KEY,),
    homepage="https://github.com/lcysyzxdxc/AGIQA-3k-Database",
    licence="MIT",
    citation="Li, Zhang, Wu, Sun, Min, Liu, Zhai, Lin: AGIQA-3K: an open database for AI-generated "
    "image quality assessment (IEEE Trans. Circuits Syst. Video Technol., 2023); layout: "
    "lcysyzxdxc/AGIQA-3k-Database",
)

# No range: the scores are made of z-scores, and how they are scaled we could not read.
AIGCIQA2023 = DatasetCard(
    name="aigciqa2023",
    title="AIGCIQA2023: pictures generated from prompts",
    reader="iqabench_datasets.aigciqa2023:read",
    images=2400,
    contents=100,
    direction="higher",
    option_keys=(KEY,),
    homepage="https://github.com/wangjiarui153/AIGCIQA2023",
    licence=NOT_STATED,
    citation="Wang, Duan, Liu, Chen, Min, Zhai: AIGCIQA2023: a large-scale image quality "
    "assessment database for AI generated images (arXiv 2307.00211, 2023); layout: "
    "wangjiarui153/AIGCIQA2023 and public loaders",
)

CARDS = (
    FLIVE,
    FLIVE_PATCHES,
    PIPAL,
    UHD_IQA,
    AVA,
    PIQ23,
    GFIQA,
    CGFIQA,
    AGIQA_3K,
    AIGCIQA2023,
)
