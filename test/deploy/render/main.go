// Renders a chart's templates as Helm does, with Go's text/template, sprig, and the functions of Helm that the chart uses. Reads JSON from stdin and
// writes JSON to stdout. It replaces Helm on machines without it; the workflows run Helm itself.
package main

import (
	"encoding/json"
	"errors"
	"os"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"sigs.k8s.io/yaml"
)

type request struct {
	// By path, as in "proton-subgraph/templates/service.yaml".
	Templates map[string]string      `json:"templates"`
	Values    map[string]interface{} `json:"-"`
	Chart     map[string]interface{} `json:"chart"`
	Release   map[string]interface{} `json:"release"`
	// The values as JSON, because versions of Helm decode numbers differently.
	RawValues json.RawMessage `json:"values"`
	// Decodes numbers as json.Number, as newer versions of Helm do, and not as float64.
	ExactNumbers bool `json:"exactNumbers"`
}

func main() {
	rendered, err := render()
	response := map[string]interface{}{"rendered": rendered}
	if err != nil {
		response = map[string]interface{}{"error": err.Error()}
	}
	if err := json.NewEncoder(os.Stdout).Encode(response); err != nil {
		panic(err)
	}
}

func render() (map[string]string, error) {
	input, err := read()
	if err != nil {
		return nil, err
	}
	root := template.New("chart").Option("missingkey=zero")
	root.Funcs(functions(root))
	names := make([]string, 0, len(input.Templates))
	for name := range input.Templates {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if _, err := root.New(name).Parse(input.Templates[name]); err != nil {
			return nil, err
		}
	}
	rendered := map[string]string{}
	for _, name := range names {
		if partial(name) {
			continue
		}
		var out strings.Builder
		if err := root.ExecuteTemplate(&out, name, scope(input, name)); err != nil {
			return nil, err
		}
		// Go writes this for a missing value. Helm removes it, too.
		rendered[name] = strings.ReplaceAll(out.String(), "<no value>", "")
	}
	return rendered, nil
}

func read() (request, error) {
	var input request
	if err := json.NewDecoder(os.Stdin).Decode(&input); err != nil {
		return input, err
	}
	decoder := json.NewDecoder(strings.NewReader(string(input.RawValues)))
	if input.ExactNumbers {
		decoder.UseNumber()
	}
	return input, decoder.Decode(&input.Values)
}

// Files whose names start with an underscore contain definitions, not manifests.
func partial(name string) bool {
	return strings.HasPrefix(name[strings.LastIndex(name, "/")+1:], "_")
}

func scope(input request, name string) map[string]interface{} {
	return map[string]interface{}{
		"Values":  input.Values,
		"Chart":   input.Chart,
		"Release": input.Release,
		"Template": map[string]interface{}{
			"Name":     name,
			"BasePath": name[:strings.LastIndex(name, "/")],
		},
	}
}

func functions(root *template.Template) template.FuncMap {
	all := sprig.TxtFuncMap()
	// Helm removes these, so that a chart can't read the environment of the machine.
	delete(all, "env")
	delete(all, "expandenv")
	all["include"] = func(name string, data interface{}) (string, error) {
		var out strings.Builder
		err := root.ExecuteTemplate(&out, name, data)
		return out.String(), err
	}
	all["required"] = func(warning string, value interface{}) (interface{}, error) {
		if text, isText := value.(string); value == nil || (isText && text == "") {
			return value, errors.New(warning)
		}
		return value, nil
	}
	all["fail"] = func(message string) (string, error) { return "", errors.New(message) }
	all["toYaml"] = func(value interface{}) (string, error) {
		text, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(text), "\n"), err
	}
	return all
}
