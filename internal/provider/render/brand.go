package render

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// DefaultColor is the colour of mails that set none.
const DefaultColor = "#0f6e67"

// Bounds of a brand's fields, in characters.
const (
	maxBrandName   = 100
	maxBrandFooter = 1000
	maxURL         = 2000
)

// Brand is whose mail it is, to the eye. All fields may be empty.
type Brand struct {
	// Name of the product, up to 100 characters, on one line. Empty: the
	// display name of the mails' sender.
	Name string
	// Logo is the https URL of an image that stands for the name; it is shown
	// 32 pixels high and up to 200 wide. Empty: the name in letters.
	Logo string
	// Color is #rrggbb or #rgb: of the button and the card's edge. What is
	// written on it is black or white, whichever has more contrast. Empty:
	// [DefaultColor].
	Color string
	// Footer is the last text of every mail, such as a postal address: up to
	// 1,000 characters, plain, lines kept.
	Footer string
}

// BrandError says which field of a [Brand] cannot be used, and why.
type BrandError struct {
	Field   string // name, logo, color or footer
	Problem string
}

func (e *BrandError) Error() string { return e.Field + ": " + e.Problem }

// Validate reports the first field that cannot be used, as a [*BrandError].
// A mail whose brand was not validated leaves out what cannot be used.
func (b *Brand) Validate() error {
	if strings.ContainsFunc(b.Name, unicode.IsControl) {
		return &BrandError{"name", "must be one line"}
	}
	if utf8.RuneCountInString(b.Name) > maxBrandName {
		return &BrandError{"name", "must have at most " + strconv.Itoa(maxBrandName) + " characters"}
	}
	if b.Logo != "" && !isHTTPS(b.Logo) {
		return &BrandError{"logo", "must be a URL such as https://www.example.com/logo.png"}
	}
	if _, ok := parseColor(b.Color); b.Color != "" && !ok {
		return &BrandError{"color", "must be a colour such as " + DefaultColor}
	}
	if utf8.RuneCountInString(b.Footer) > maxBrandFooter {
		return &BrandError{"footer", "must have at most " + strconv.Itoa(maxBrandFooter) + " characters"}
	}
	return nil
}

func isHTTPS(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Host != "" && len(address) <= maxURL
}

// look is a brand as templates need it: complete, and fit to be shown.
type look struct {
	Name   string
	Logo   string
	Footer string
	Color  string // #rrggbb
	Ink    string // of letters on Color: #ffffff or #000000
	// Faint and Dim say that the colour hardly differs from the card, by day
	// and in dark mode.
	Faint, Dim bool
}

// Backgrounds of the card.
const (
	cardLight = "#ffffff"
	cardDark  = "#1b1f22"
)

// visible is the least contrast of a surface that stands out from its ground.
const visible = 1.5

func newLook(b *Brand, fallback string) look {
	l := look{Name: clip(firstOf(line(b.Name), line(fallback), "Messages"), maxBrandName), Footer: clip(shown(b.Footer), maxBrandFooter)}
	if isHTTPS(b.Logo) {
		l.Logo = b.Logo
	}
	c, ok := parseColor(b.Color)
	if !ok {
		c, _ = parseColor(DefaultColor)
	}
	l.Color, l.Ink = c.String(), "#ffffff"
	black, white := rgb{}, rgb{255, 255, 255}
	if contrast(c, black) > contrast(c, white) {
		l.Ink = "#000000"
	}
	light, _ := parseColor(cardLight)
	dark, _ := parseColor(cardDark)
	l.Faint, l.Dim = contrast(c, light) < visible, contrast(c, dark) < visible
	return l
}
