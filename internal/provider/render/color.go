package render

import (
	"math"
	"strconv"
	"strings"
)

// rgb is a colour of the sRGB space.
type rgb [3]uint8

// parseColor reads #rrggbb or #rgb.
func parseColor(text string) (rgb, bool) {
	digits, ok := strings.CutPrefix(text, "#")
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	if !ok || len(digits) != 6 {
		return rgb{}, false
	}
	var c rgb
	for i := range c {
		n, err := strconv.ParseUint(digits[2*i:2*i+2], 16, 8)
		if err != nil {
			return rgb{}, false
		}
		c[i] = uint8(n)
	}
	return c, true
}

func (c rgb) String() string {
	const hex = "0123456789abcdef"
	b := make([]byte, 1, 7)
	b[0] = '#'
	for _, v := range c {
		b = append(b, hex[v>>4], hex[v&15])
	}
	return string(b)
}

// contrast is the ratio of two colours' luminance by WCAG 2.2: 1 to 21.
func contrast(a, b rgb) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func (c rgb) luminance() float64 {
	var l float64
	for i, weight := range [...]float64{0.2126, 0.7152, 0.0722} {
		v := float64(c[i]) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		l += weight * v
	}
	return l
}
