package api

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/postrider/postrider/internal/chat"
)

// settingsView describes an app's settings, by the defaults: what has a
// default is there, and has its type.
type settingsView struct{}

// Schema implements [huma.SchemaProvider].
func (settingsView) Schema(huma.Registry) *huma.Schema { return schemaOf(chat.DefaultSettings(), true) }

// settingsPatch describes what may be changed of an app's settings: anything.
type settingsPatch struct{}

// Schema implements [huma.SchemaProvider].
func (settingsPatch) Schema(huma.Registry) *huma.Schema {
	return schemaOf(chat.DefaultSettings(), false)
}

// schemaOf describes what an example is written as. Whole: all of its fields
// are always there.
func schemaOf(example any, whole bool) *huma.Schema {
	body, err := json.Marshal(example)
	if err == nil {
		var value any
		if err = json.Unmarshal(body, &value); err == nil {
			return schemaOfValue(value, whole)
		}
	}
	panic(fmt.Sprintf("describe %T: %v", example, err)) // examples are part of the program
}

func schemaOfValue(value any, whole bool) *huma.Schema {
	switch value := value.(type) {
	case map[string]any:
		schema := &huma.Schema{Type: huma.TypeObject, Properties: make(map[string]*huma.Schema), AdditionalProperties: !whole}
		for name, field := range value {
			schema.Properties[name] = schemaOfValue(field, whole)
			if whole {
				schema.Required = append(schema.Required, name)
			}
		}
		slices.Sort(schema.Required)
		return schema
	case string:
		return &huma.Schema{Type: huma.TypeString}
	case bool:
		return &huma.Schema{Type: huma.TypeBoolean}
	case float64:
		return &huma.Schema{Type: huma.TypeInteger}
	default:
		return &huma.Schema{}
	}
}

// schemaFor is the description of a type.
func schemaFor[T any](r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[T](), true, "")
}

// integerText describes a whole number that may also come in a text.
type integerText struct{}

// Schema implements [huma.SchemaProvider].
func (integerText) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{{Type: huma.TypeInteger}, {Type: huma.TypeString, Pattern: "^[0-9]+$"}}}
}
