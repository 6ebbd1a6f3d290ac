"""Renders the sample text lines of examples/ocr/samples and writes what they say to truth.json.

    pip install -r scripts/make-samples/requirements.txt
    apt install fonts-dejavu-core fonts-liberation fonts-noto-cjk
    python3 scripts/make-samples/make_samples.py

The same Pillow and the same fonts give the same files; those in the repository were made with the
fonts of Debian 12. Pillow finds them by their file names in the system's font folders. The licences
of the fonts do not extend to what is written with them.
"""

import json
import random
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont, features

SAMPLES = Path(__file__).parents[2] / "examples" / "ocr" / "samples"

Colour = tuple[int, int, int]

BLACK: Colour = (20, 20, 20)
WHITE: Colour = (255, 255, 255)


@dataclass(frozen=True)
class Line:
    """One text line; sizes are in pixels."""

    name: str
    text: str
    font: str
    size: int
    # Which face of a font collection: 2 is simplified Chinese in the Noto CJK fonts.
    face: int = 0
    ink: Colour = BLACK
    paper: Colour = WHITE
    # Degrees, anticlockwise.
    rotation: float = 0.0
    # Standard deviations: of a Gaussian blur in pixels, and of noise in grey levels.
    blur: float = 0.0
    noise: float = 0.0


SANS_CJK = "NotoSansCJK-Regular.ttc"
SERIF_CJK = "NotoSerifCJK-Regular.ttc"

LINES = (
    Line("word", "Hello", "DejaVuSans.ttf", 34),
    Line("number", "8,848.86 m", "LiberationSans-Regular.ttf", 40),
    Line("price", "Total: $1,234.56", "DejaVuSansMono.ttf", 30),
    Line("date", "Saturday, 14 March 2026", "LiberationSerif-Regular.ttf", 36, ink=(20, 40, 110), paper=(250, 244, 225)),
    Line("address", "221B Baker Street, London NW1 6XE", "LiberationSans-Italic.ttf", 24),
    Line("email", "support@example.org", "LiberationMono-Regular.ttf", 24, blur=1.0, noise=14),
    Line("sentence", "The quick brown fox jumps over the lazy dog.", "LiberationSerif-Regular.ttf", 44),
    Line("sign", "EXIT 24 - Platform B", "DejaVuSans-Bold.ttf", 30, ink=(245, 245, 245), paper=(20, 60, 120)),
    Line("exit-zh", "出口", SANS_CJK, 44, face=2),
    Line("station-zh", "北京南站候车室", SERIF_CJK, 36, face=2, ink=(110, 20, 20), paper=(248, 246, 240)),
    Line("library-zh", "欢迎来到图书馆，请保持安静。", SANS_CJK, 32, face=2, rotation=1.8),
    Line("paper-zh", "人工智能正在改变我们的生活和工作方式", SERIF_CJK, 24, face=2),
    Line("password", "WiFi密码：Spring2026", SANS_CJK, 34, face=2),
    Line("order", "订单A2046共3件，合计¥99.50", SANS_CJK, 22, face=2, blur=0.8),
)


def render(line: Line) -> Image.Image:
    # Pillow's own layout, not HarfBuzz's, whose version would be one more thing to pin.
    font = ImageFont.truetype(line.font, line.size, index=line.face, layout_engine=ImageFont.Layout.BASIC)
    left, top, right, bottom = font.getbbox(line.text)
    margin = line.size // 4
    image = Image.new("RGB", (round(right - left) + 2 * margin, round(bottom - top) + 2 * margin), line.paper)
    ImageDraw.Draw(image).text((margin - left, margin - top), line.text, font=font, fill=line.ink)
    if line.rotation:
        image = image.rotate(line.rotation, Image.Resampling.BICUBIC, expand=True, fillcolor=line.paper)
    if line.blur:
        image = image.filter(ImageFilter.GaussianBlur(line.blur))
    if line.noise:
        image = add_noise(image, line.noise, seed=line.name)
    return image


def add_noise(image: Image.Image, deviation: float, seed: str) -> Image.Image:
    source = random.Random(seed)
    levels = bytes(
        min(255, max(0, value + round(source.gauss(0, deviation)))) for value in image.convert("L").tobytes()
    )
    return Image.frombytes("L", image.size, levels)


def main() -> None:
    print(f"Pillow {features.version('pil')}, FreeType {features.version('freetype2')}")
    SAMPLES.mkdir(parents=True, exist_ok=True)
    for line in LINES:
        image = render(line)
        # Few colours: 32 of them look the same to a reader and make a file of a few kilobytes.
        image = image.convert("RGB").quantize(32, dither=Image.Dither.NONE)
        path = SAMPLES / f"{line.name}.png"
        image.save(path, optimize=True)
        print(f"{path.name:16} {image.width:4} x {image.height}  {path.stat().st_size:5} bytes  {line.text}")
    truth = {f"{line.name}.png": line.text for line in LINES}
    (SAMPLES / "truth.json").write_text(json.dumps(truth, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
