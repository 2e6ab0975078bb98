// Renders a chart's templates as Helm does: Go's text/template, sprig, and those functions of Helm's own that the chart uses. What it is given and what
// it answers is JSON, on stdin and stdout. It stands in for Helm where there is none; the workflows run Helm itself.
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
	// Values, not decoded yet: numbers come out of them as Helm's versions differ in.
	RawValues json.RawMessage `json:"values"`
	// Whether numbers are json.Number, as in newer versions of Helm, and not float64.
	ExactNumbers bool `json:"exactNumbers"`
}

func main() {
	rendered, err := render()
	answer := map[string]interface{}{"rendered": rendered}
	if err != nil {
		answer = map[string]interface{}{"error": err.Error()}
	}
	if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
		panic(err)
	}
}

func render() (map[string]string, error) {
	asked, err := read()
	if err != nil {
		return nil, err
	}
	root := template.New("chart").Option("missingkey=zero")
	root.Funcs(functions(root))
	names := make([]string, 0, len(asked.Templates))
	for name := range asked.Templates {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if _, err := root.New(name).Parse(asked.Templates[name]); err != nil {
			return nil, err
		}
	}
	rendered := map[string]string{}
	for _, name := range names {
		if partial(name) {
			continue
		}
		var out strings.Builder
		if err := root.ExecuteTemplate(&out, name, scope(asked, name)); err != nil {
			return nil, err
		}
		// What Go writes for a value that isn't there; Helm leaves it out.
		rendered[name] = strings.ReplaceAll(out.String(), "<no value>", "")
	}
	return rendered, nil
}

func read() (request, error) {
	var asked request
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		return asked, err
	}
	decoder := json.NewDecoder(strings.NewReader(string(asked.RawValues)))
	if asked.ExactNumbers {
		decoder.UseNumber()
	}
	return asked, decoder.Decode(&asked.Values)
}

// Files whose names begin with an underscore hold definitions, and are no manifests.
func partial(name string) bool {
	return strings.HasPrefix(name[strings.LastIndex(name, "/")+1:], "_")
}

func scope(asked request, name string) map[string]interface{} {
	return map[string]interface{}{
		"Values":  asked.Values,
		"Chart":   asked.Chart,
		"Release": asked.Release,
		"Template": map[string]interface{}{
			"Name":     name,
			"BasePath": name[:strings.LastIndex(name, "/")],
		},
	}
}

func functions(root *template.Template) template.FuncMap {
	all := sprig.TxtFuncMap()
	// Helm takes these away, so that a chart can't read the machine that it is rendered on.
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
