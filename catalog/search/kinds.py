"""The words by which people search for a kind of model, such as 视频. Imports no models."""

from collections.abc import Iterable

# Output type -> what finds the models that produce it, beside their names.
KINDS = {
    "image": ("image generation", "文生图", "图片生成", "图像生成"),
    "video": ("video generation", "文生视频", "图生视频", "视频生成"),
    "audio": ("audio generation", "音频生成", "语音合成"),
    "speech": ("speech generation", "语音合成"),
    "music": ("music generation", "音乐生成"),
    "embedding": ("text embedding", "文本向量"),
}
# Words that may follow others without a space: 豆包视频.
NOUNS = ("图片", "图像", "视频", "音频", "语音", "音乐", "向量")


def words_of(outputs: Iterable[str]) -> list[str]:
    """What finds a model with these output types."""
    return [word for name in outputs for word in KINDS.get(name, ())]
