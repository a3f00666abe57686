import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.google.genai.Client;
import com.google.genai.types.HttpOptions;
import com.google.genai.types.ListModelsConfig;
import com.google.gson.Gson;
import com.google.gson.reflect.TypeToken;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import dev.langchain4j.model.anthropic.AnthropicModelCatalog;
import dev.langchain4j.model.catalog.ModelCatalog;
import dev.langchain4j.model.googleai.GoogleAiGeminiModelCatalog;
import dev.langchain4j.model.openai.OpenAiModelCatalog;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What the SDKs for Java see: takes and prints the JSON of situations.py. */
public class Lists {
  interface Models {
    List<String> list(String url, String key);
  }

  static List<String> openai(String url, String key) {
    var ids = new ArrayList<String>();
    var client = OpenAIOkHttpClient.builder().baseUrl(url + "/v1").apiKey(key).build();
    client.models().list().autoPager().forEach(model -> ids.add(model.id()));
    return ids;
  }

  static List<String> anthropic(String url, String key) {
    var ids = new ArrayList<String>();
    var client = AnthropicOkHttpClient.builder().baseUrl(url).apiKey(key).build();
    client.models().list().autoPager().forEach(model -> ids.add(model.id()));
    return ids;
  }

  static List<String> google(String url, String key) {
    var ids = new ArrayList<String>();
    var options = HttpOptions.builder().baseUrl(url).build();
    var client = Client.builder().apiKey(key).httpOptions(options).build();
    for (var model : client.models.list(ListModelsConfig.builder().build())) ids.add(bare(model.name().orElse("")));
    return ids;
  }

  static List<String> langchain4j(ModelCatalog catalog) {
    return catalog.listModels().stream().map(model -> bare(model.name())).toList();
  }

  static String bare(String name) {
    return name.replaceFirst("^models/", "");
  }

  static final Map<String, Models> CLIENTS =
      Map.of(
          "openai-java", Lists::openai,
          "anthropic-java", Lists::anthropic,
          "google-genai for Java", Lists::google,
          "LangChain4j, OpenAI",
              (url, key) -> langchain4j(OpenAiModelCatalog.builder().baseUrl(url + "/v1").apiKey(key).build()),
          "LangChain4j, Anthropic",
              (url, key) -> langchain4j(AnthropicModelCatalog.builder().baseUrl(url + "/v1").apiKey(key).build()),
          "LangChain4j, Gemini",
              (url, key) -> langchain4j(GoogleAiGeminiModelCatalog.builder().baseUrl(url + "/v1beta").apiKey(key).build()));

  static Map<String, Object> outcome(Models client, String url, String key) {
    try {
      return Map.of("ids", client.list(url, key));
    } catch (Exception error) {
      return Map.of("error", error.getClass().getSimpleName(), "text", String.valueOf(error.getMessage()));
    }
  }

  public static void main(String[] arguments) {
    var type = new TypeToken<Map<String, Map<String, List<String>>>>() {};
    var seen = new TreeMap<String, Map<String, Object>>();
    new Gson().fromJson(arguments[0], type).forEach((client, situations) -> {
      var outcomes = new TreeMap<String, Object>();
      situations.forEach((situation, at) ->
          outcomes.put(situation, outcome(CLIENTS.get(client), at.get(0), at.get(1))));
      seen.put(client, outcomes);
    });
    System.out.println(new Gson().toJson(seen));
    // The clients' threads would keep the process.
    System.exit(0);
  }
}
