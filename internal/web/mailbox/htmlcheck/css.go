package htmlcheck

import (
	"strings"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/css"
)

// styleSheet checks the content of a <style> that begins on a line.
func (w *walk) styleSheet(text string, line int) { w.css(text, line, false) }

// inlineStyle checks a style attribute.
func (w *walk) inlineStyle(text string, line int) { w.css(text, line, true) }

func (w *walk) css(text string, line int, inline bool) {
	parser := css.NewParser(parse.NewInputString(text), inline)
	rules, counted, ended := 0, 0, 0
	for {
		kind, _, data := parser.Next()
		if !inline {
			// What is told begins behind what came before it, which ended where
			// the parser was.
			begin := skip(text, ended)
			line += strings.Count(text[counted:begin], "\n")
			counted, ended = begin, min(max(parser.Offset(), begin), len(text))
		}
		name := strings.ToLower(string(data))
		switch kind {
		case css.ErrorGrammar:
			if !parser.HasParseError() || parser.Offset() >= len(text) {
				return // the end, be it a broken one
			}
		case css.AtRuleGrammar, css.BeginAtRuleGrammar:
			w.atRule(name, parser.Values(), line)
		case css.BeginRulesetGrammar, css.QualifiedRuleGrammar:
			w.selector(parser.Values(), line)
			if kind == css.BeginRulesetGrammar {
				if rules > 0 || inline {
					w.hit("special:nesting", line)
				}
				rules++
			}
		case css.EndRulesetGrammar:
			rules = max(rules-1, 0)
		case css.DeclarationGrammar:
			w.declaration(name, parser.Values(), line)
		}
	}
}

// skip returns where the next thing in a style sheet begins.
func skip(text string, from int) int {
	for from < len(text) && strings.IndexByte(" \t\r\n\f;{},", text[from]) >= 0 {
		from++
	}
	return from
}

func (w *walk) atRule(name string, values []css.Token, line int) {
	// Prefixed ones are the same to whoever reads the mail.
	if strings.HasSuffix(name, "-keyframes") {
		name = "@keyframes"
	}
	w.hit("atrule:"+name, line)
	if name != "@media" {
		return
	}
	for _, token := range values {
		if token.TokenType == css.IdentToken {
			w.hit("media:"+strings.ToLower(string(token.Data)), line)
		}
	}
}

func (w *walk) selector(values []css.Token, line int) {
	colon := false // what comes is a pseudo-class or pseudo-element
	for _, token := range values {
		data := strings.ToLower(string(token.Data))
		switch token.TokenType {
		case css.IdentToken, css.FunctionToken:
			if colon {
				w.hit("pseudo:"+strings.TrimSuffix(data, "("), line)
			}
		case css.DelimToken, css.LeftBracketToken:
			w.hit("selector:"+data, line)
		}
		colon = token.TokenType == css.ColonToken
	}
}

func (w *walk) declaration(name string, values []css.Token, line int) {
	w.hit("property:"+name, line)
	for i, token := range values {
		data := strings.ToLower(string(token.Data))
		switch token.TokenType {
		case css.IdentToken:
			w.hit("declaration:"+name+":"+data, line)
		case css.URLToken:
			w.hit("function:url", line)
		case css.FunctionToken:
			function := strings.TrimSuffix(data, "(")
			w.hit("function:"+function, line)
			if function == "rgb" || function == "rgba" || function == "hsl" || function == "hsla" {
				w.color(values[i+1:], line)
			}
		case css.DimensionToken:
			w.hit("unit:"+strings.TrimLeft(data, "+-.0123456789"), line)
			fallthrough
		case css.NumberToken:
			if strings.HasPrefix(data, "-") && strings.HasPrefix(name, "margin") {
				w.hit("special:negative-margin", line)
			}
		}
	}
}

// color notes arguments of a colour that no comma separates.
func (w *walk) color(arguments []css.Token, line int) {
	for _, token := range arguments {
		switch token.TokenType {
		case css.CommaToken, css.FunctionToken:
			return
		case css.RightParenthesisToken:
			w.hit("special:spaced-color", line)
			return
		}
	}
}
