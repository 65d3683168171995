# SPDX-License-Identifier: Apache-2.0
"""A chart of horizontal bars in groups, as SVG."""

import html

WIDTH, BAR_HEIGHT = 800, 16


def bar_chart(caption, groups, label_width=110, text_width=190):
    """groups: of each its title and its bars; of each bar the length, the colour and the text behind it."""
    longest = max([length for _, bars in groups for length, _, _ in bars] + [1])
    unit = (WIDTH - label_width - text_width) / longest
    lines, y = [], 34
    for title, bars in groups:
        lines.append(f'<text x="8" y="{y + 12}" font-weight="bold">{html.escape(title)}</text>')
        for length, color, text in bars:
            lines.append(f'<rect x="{label_width}" y="{y}" width="{length * unit:.1f}" height="{BAR_HEIGHT - 3}" '
                         f'fill="{color}"/>')
            lines.append(f'<text x="{label_width + length * unit + 5:.1f}" y="{y + 11}">{html.escape(text)}</text>')
            y += BAR_HEIGHT
        y += 12
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}" '
            'font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="white"/>\n'
            f'<text x="8" y="20">{html.escape(caption)}</text>\n' + "\n".join(lines) + "\n</svg>\n")
