// What the SDKs for Go see: takes and prints the JSON of situations.py.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/anthropics/anthropic-sdk-go/v2"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/v2/option"
	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"
	sashabaranov "github.com/sashabaranov/go-openai"
	"google.golang.org/genai"
)

var ctx = context.Background()

var clients = map[string]func(url, key string) ([]string, error){
	"openai-go": func(url, key string) (ids []string, err error) {
		client := openai.NewClient(openaioption.WithBaseURL(url+"/v1"), openaioption.WithAPIKey(key))
		pages := client.Models.ListAutoPaging(ctx)
		for pages.Next() {
			ids = append(ids, pages.Current().ID)
		}
		return ids, pages.Err()
	},
	"go-openai": func(url, key string) (ids []string, err error) {
		config := sashabaranov.DefaultConfig(key)
		config.BaseURL = url + "/v1"
		list, err := sashabaranov.NewClientWithConfig(config).ListModels(ctx)
		for _, model := range list.Models {
			ids = append(ids, model.ID)
		}
		return ids, err
	},
	"anthropic-sdk-go": func(url, key string) (ids []string, err error) {
		client := anthropic.NewClient(anthropicoption.WithBaseURL(url), anthropicoption.WithAPIKey(key))
		pages := client.Models.ListAutoPaging(ctx, anthropic.ModelListParams{})
		for pages.Next() {
			ids = append(ids, pages.Current().ID)
		}
		return ids, pages.Err()
	},
	"genai for Go": func(url, key string) (ids []string, err error) {
		options := genai.HTTPOptions{BaseURL: url}
		client, err := genai.NewClient(ctx, &genai.ClientConfig{APIKey: key, Backend: genai.BackendGeminiAPI, HTTPOptions: options})
		if err != nil {
			return nil, err
		}
		for model, err := range client.Models.All(ctx) {
			if err != nil {
				return ids, err
			}
			ids = append(ids, strings.TrimPrefix(model.Name, "models/"))
		}
		return ids, nil
	},
}

func main() {
	var instructions map[string]map[string][2]string
	if err := json.Unmarshal([]byte(os.Args[1]), &instructions); err != nil {
		panic(err)
	}
	seen := map[string]map[string]any{}
	for client, situations := range instructions {
		seen[client] = map[string]any{}
		for situation, at := range situations {
			ids, err := clients[client](at[0], at[1])
			if err != nil {
				seen[client][situation] = map[string]string{"error": fmt.Sprintf("%T", err), "text": err.Error()}
			} else {
				seen[client][situation] = map[string]any{"ids": append([]string{}, ids...)}
			}
		}
	}
	json.NewEncoder(os.Stdout).Encode(seen)
}
