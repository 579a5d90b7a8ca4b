"""The cards of the saliency providers, with their training data and licences."""

from __future__ import annotations

from iqabench.contract import SaliencyCard

HERE = "iqabench_saliency"
# Raise a card's behaviour when the provider computes other maps; tests/golden holds the maps.
SPECTRAL_RESIDUAL = SaliencyCard(
    name="spectral-residual",
    summary="Spectral residual of the log amplitude spectrum at 64 pixels",
    factory=f"{HERE}.spectral:SpectralResidual",
    behaviour=1,
    paper="Hou, Zhang: Saliency detection, a spectral residual approach (CVPR 2007)",
    trained_on="nothing",
    licence="Apache-2.0",
)
ITTI_KOCH = SaliencyCard(
    name="itti-koch",
    summary="Centre-surround contrast of intensity, colour opponency and orientation",
    factory=f"{HERE}.itti:IttiKoch",
    behaviour=1,
    paper="Itti, Koch, Niebur: A model of saliency-based visual attention for rapid scene analysis "
    "(PAMI 1998)",
    trained_on="nothing",
    licence="Apache-2.0",
)
CENTER = SaliencyCard(
    name="center",
    summary="A Gaussian at the centre, whatever the picture: people's bias towards it",
    factory=f"{HERE}.priors:Center",
    behaviour=1,
    options=f"{HERE}.options:CenterOptions",
    trained_on="its width: fixations on 200 photographs of the Scene Saliency Dataset (NUS VIP)",
    licence="Apache-2.0",
)
UNIFORM = SaliencyCard(
    name="uniform",
    summary="The same everywhere: what a model gains by maps of no information",
    factory=f"{HERE}.priors:Uniform",
    behaviour=1,
    trained_on="nothing",
    licence="Apache-2.0",
)
SHUFFLED = SaliencyCard(
    name="shuffled",
    summary="Another content's map: what a model gains by maps of the wrong picture",
    kind="permuted",
    options=f"{HERE}.options:ShuffledOptions",
    trained_on="what the permuted maps' provider was",
    licence="that of the permuted maps",
)
GROUNDTRUTH = SaliencyCard(
    name="groundtruth",
    summary="The data set's own maps, or its fixations blurred",
    kind="read",
    factory=f"{HERE}.groundtruth:Groundtruth",
    behaviour=1,
    options=f"{HERE}.options:GroundtruthOptions",
    trained_on="nothing: where people looked",
    licence="the data set's",
)
FOLDER = SaliencyCard(
    name="folder",
    summary="Maps made elsewhere: pictures or .npy files by path or name of the picture",
    kind="read",
    factory=f"{HERE}.folder:Folder",
    behaviour=1,
    options=f"{HERE}.options:FolderOptions",
    trained_on="unknown: as whatever made the maps",
    licence="that of the maps",
)
TRANSALNET = SaliencyCard(
    name="transalnet",
    summary="TranSalNet with ResNet-50 or DenseNet-161; needs its authors' weights in a file",
    factory=f"{HERE}.transalnet:TranSalNet",
    behaviour=1,
    options=f"{HERE}.options:TranSalNetOptions",
    trained_on="ImageNet-1k, then SALICON, as far as is known: the file does not say",
    paper="Lou, Lin, Marshall, Saupe, Liu: TranSalNet, towards perceptually relevant visual "
    "saliency prediction (Neurocomputing 2022)",
    licence="Apache-2.0; the authors' code and weights: MIT",
)
ONNX = SaliencyCard(
    name="onnx",
    summary="Any network in an ONNX file",
    factory=f"{HERE}.onnx:Onnx",
    behaviour=1,
    options=f"{HERE}.options:OnnxOptions",
    trained_on="unknown: as the file",
    licence="Apache-2.0; the file has its own",
    extra="onnx",
    requires="onnxruntime",
)
READOUT = SaliencyCard(
    name="readout",
    summary="Density of fixations by a small readout of frozen EfficientNet-Lite0 features",
    factory=f"{HERE}.readout:ReadoutSaliency",
    behaviour=1,
    trained_on="Scene Saliency Dataset (NUS VIP), 200 photographs; its encoder on ImageNet-1k",
    paper="after Kümmerer, Wallis, Gatys, Bethge: Understanding low- and high-level contributions "
    "to fixation prediction (ICCV 2017)",
    licence="Apache-2.0; the data set is public on GitHub as Yanakz/Scene, MIT",
)
CARDS = (
    CENTER,
    FOLDER,
    GROUNDTRUTH,
    ITTI_KOCH,
    ONNX,
    READOUT,
    SHUFFLED,
    SPECTRAL_RESIDUAL,
    TRANSALNET,
    UNIFORM,
)
