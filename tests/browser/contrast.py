"""How well text reads: its contrast against what really stands behind it, from computed styles."""

from playwright.sync_api import Locator

from course_lib import plot

# WCAG 2: the contrast ratio of two colours; opacities and translucent layers are laid over one
# another from the page's outermost element inwards.
READ = """(roots, [least, leastSign, ink]) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 1;
    const pen = canvas.getContext("2d", {willReadFrequently: true});
    const rgba = css => {
        pen.clearRect(0, 0, 1, 1);
        pen.fillStyle = css;
        pen.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = (top, alpha, below) => below.map((v, i) => top[i] * alpha + v * (1 - alpha));
    const behind = element => {
        const chain = [];
        for (let e = element; e; e = e.parentElement) chain.unshift(getComputedStyle(e));
        let colour = [255, 255, 255], opacity = 1;
        for (const style of chain) {
            opacity *= parseFloat(style.opacity);
            const layer = rgba(style.backgroundColor);
            colour = over(layer, layer[3] * opacity, colour);
        }
        return [colour, opacity];
    };
    const luminance = colour => {
        const [r, g, b] = colour.map(v => v / 255).map(
            v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ratio = (element, css) => {
        const [back, opacity] = behind(element);
        const text = rgba(css);
        const light = [over(text, text[3] * opacity, back), back].map(luminance);
        return (Math.max(...light) + 0.05) / (Math.min(...light) + 0.05);
    };
    const found = [];
    let read = 0;
    const note = (element, css, what) => {
        read += 1;
        const value = ratio(element, css), isText = /[\\p{L}\\p{N}]/u.test(what);
        if (value < (isText ? least : leastSign))
            found.push(`${value.toFixed(2)}: ${what.trim().slice(0, 60)}`);
    };
    for (const root of roots) {
        const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
            const element = texts.currentNode.parentElement, text = texts.currentNode.data;
            const shown = element.tagName !== "OPTION" && element.checkVisibility();
            if (shown && text.trim()) note(element, getComputedStyle(element).color, text);
        }
        for (const select of root.querySelectorAll("select"))
            note(select, getComputedStyle(select).color, `select ${select.value}`);
        for (const image of root.querySelectorAll("img"))
            note(image, ink, "the ink of a picture");
    }
    return [read, found];
}"""


LEAST, LEAST_SIGN = 4.0, 3.0  # a sign has no letter and no digit: a tick, an arrow


def faint(places: Locator) -> tuple[int, list[str]]:
    """How many texts were read in all `places`, and which have too little contrast.

    A picture's lines and letters, drawn in the course's ink on nothing, count as a text.
    """
    read, found = places.evaluate_all(READ, [LEAST, LEAST_SIGN, plot.INK])
    return read, found
