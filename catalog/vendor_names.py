"""Known vendors of models: slugs, names, other spellings, and how ids name them. Imports no models.

Add vendors to the table below. Segments are parts of a path that name the author; families are regular expressions for
the start of a bare id in lower case. If two families match, the earlier vendor wins.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class KnownVendor:
    """A vendor: its slug and name in this catalog, and its other spellings, as a name or as a path segment."""

    slug: str
    name: str
    # Other spellings of the name.
    aliases: tuple[str, ...] = ()
    # Segments of ids that name the vendor.
    segments: tuple[str, ...] = ()
    # Regular expressions for the start of a bare id.
    families: tuple[str, ...] = ()


KNOWN_VENDORS: tuple[KnownVendor, ...] = (
    # Before the families that they are derived from: the vendor that tuned a Llama last is its author.
    KnownVendor(
        "nvidia",
        "NVIDIA",
        ("nvidia nim", "英伟达"),
        ("nvidia", "nvidia_nim"),
        (r"nemotron", r"llama-[\d.]+-nemotron", r"llama3?-chatqa", r"nv-"),
    ),
    KnownVendor(
        "nous-research", "Nous Research", ("nousresearch",), ("nousresearch",), (r"hermes", r"nous-", r"deephermes")
    ),
    KnownVendor(
        "perplexity", "Perplexity", (), ("perplexity",), (r"sonar", r"pplx-", r"r1-1776", r"llama-[\d.]+-sonar")
    ),
    KnownVendor("groq", "Groq", (), (), (r"llama3-groq", r"llama-3-groq", r"compound")),
    KnownVendor("snowflake", "Snowflake", (), ("snowflake",), (r"snowflake", r"arctic")),
    KnownVendor(
        "openai",
        "OpenAI",
        ("open ai",),
        ("openai", "chatgpt"),
        (
            r"gpt-?(?!j|neo)[a-z0-9]",
            r"chatgpt",
            r"o[134](?:$|-)",
            r"codex-mini",
            r"computer-use-preview",
            r"dall-?e",
            r"whisper",
            r"tts-1",
            r"sora",
            r"(?:text|code)-(?:ada|babbage|curie|davinci|embedding-(?:3|ada)|moderation|search|similarity)",
            r"(?:ada|babbage|curie|davinci)(?:$|-\d)",
            r"omni-moderation",
        ),
    ),
    KnownVendor("anthropic", "Anthropic", ("克劳德",), ("anthropic",), (r"claude",)),
    KnownVendor(
        "google",
        "Google",
        ("google deepmind", "gemini", "google ai", "谷歌", "谷歌deepmind"),
        ("google", "gemini", "deepmind"),
        (
            r"gemini",
            r"(?:code)?gemma",
            r"palm(?:$|-)",
            r"imagen",
            r"imagegeneration",
            r"veo",
            r"lyria",
            r"learnlm",
            r"nano-banana",
            r"(?:text|chat|code|codechat)-(?:bison|gecko|unicorn)",
            r"(?:textembedding|multimodalembedding|text-multilingual-embedding|text-embedding-(?:00\d|preview|large-exp))",
            r"medlm",
            r"deep-research-(?:pro|max)?-?preview",
        ),
    ),
    KnownVendor(
        "meta",
        "Meta",
        ("meta ai", "meta llama", "facebook", "脸书"),
        ("meta", "meta-llama", "meta_llama", "facebook", "metaai"),
        (r"(?:meta-?)?llama", r"code-?llama", r"llamaguard", r"muse-", r"sam-?\d"),
    ),
    KnownVendor(
        "mistral",
        "Mistral AI",
        ("mistral", "mistralai"),
        ("mistral", "mistralai", "codestral"),
        (
            r"(?:open-)?mi[sx]tral",
            r"open-codestral",
            r"codestral",
            r"ministral",
            r"magistral",
            r"devstral",
            r"pixtral",
            r"voxtral",
            r"mathstral",
        ),
    ),
    KnownVendor(
        "deepseek",
        "DeepSeek",
        ("deepseek ai", "深度求索", "幻方"),
        ("deepseek", "deepseek-ai"),
        (r"deepseek", r"r1(?:$|-distill)"),
    ),
    KnownVendor(
        "alibaba",
        "Alibaba",
        (
            "alibaba cloud",
            "qwen",
            "aliyun",
            "tongyi",
            "阿里巴巴",
            "阿里云",
            "通义千问",
            "阿里",
            "通义",
            "千问",
            "通义万相",
            "万相",
            "达摩院",
        ),
        ("qwen", "alibaba", "dashscope", "tongyi", "wan-ai", "alibaba-nlp", "qwencloud"),
        (r"(?:code-)?qwen", r"qwq", r"qvq", r"wanx?(?:\d|-)", r"gte-", r"tongyi", r"z-image", r"happyhorse"),
    ),
    KnownVendor("xai", "xAI", ("x ai", "x.ai", "x-ai", "grok"), ("xai", "x-ai"), (r"grok",)),
    KnownVendor(
        "moonshot",
        "Moonshot",
        ("moonshot ai", "moonshotai", "kimi", "月之暗面"),
        ("moonshot", "moonshotai"),
        (r"kimi", r"moonshot"),
    ),
    KnownVendor(
        "zhipu",
        "Zhipu",
        (
            "z.ai",
            "zai",
            "z-ai",
            "zhipu ai",
            "zhipuai",
            "thudm",
            "智谱",
            "智谱ai",
            "智谱清言",
            "清言",
            "智谱华章",
            "清华智谱",
        ),
        ("zai", "z-ai", "zai-org", "zhipu", "zhipuai", "thudm"),
        (r"(?:chat)?glm", r"cogview", r"cogvideo", r"codegeex", r"charglm"),
    ),
    KnownVendor(
        "bytedance",
        "ByteDance",
        ("byte dance", "doubao", "volcengine", "字节跳动", "豆包", "字节", "抖音"),
        ("bytedance", "bytedance-seed", "volcengine", "doubao"),
        (r"doubao", r"seedance", r"seedream", r"seed-", r"ui-tars", r"skylark", r"omni-human", r"bytedance"),
    ),
    KnownVendor("jimeng", "Jimeng", ("即梦",), (), (r"jimeng",)),
    KnownVendor(
        "cohere",
        "Cohere",
        (),
        ("cohere", "cohere_chat", "coherelabs"),
        (
            r"command(?:$|-)",
            r"c4ai",
            r"aya-",
            r"embed-(?:english|multilingual|v\d)",
            r"rerank-(?:english|multilingual|v\d)",
        ),
    ),
    KnownVendor(
        "amazon",
        "Amazon",
        ("aws", "amazon web services", "amazon nova", "亚马逊"),
        ("amazon", "amazon_nova", "amazon-nova", "aws_polly"),
        (
            r"amazon",
            r"titan-",
            r"nova-(?:micro|lite|pro|premier|canvas|reel|sonic|act|\d-(?:lite|pro|sonic|omni)|multimodal)",
        ),
    ),
    KnownVendor(
        "microsoft",
        "Microsoft",
        ("microsoft azure", "微软"),
        ("microsoft",),
        (r"phi-?\d", r"mai-", r"wizardlm", r"model-router", r"orca-"),
    ),
    KnownVendor(
        "minimax",
        "MiniMax",
        ("minimaxai", "minimax (china)", "hailuo", "稀宇", "稀宇科技", "名之梦", "海螺"),
        ("minimax", "minimaxai"),
        (r"minimax", r"abab", r"hailuo", r"speech-0\d", r"m2-her"),
    ),
    KnownVendor(
        "kuaishou",
        "Kuaishou",
        ("kling", "kling ai", "快手", "可灵", "kwaipilot", "快手可灵", "可图"),
        ("kuaishou", "kwaipilot", "klingai"),
        (r"kling", r"kat-(?:coder|dev)", r"kolors"),
    ),
    KnownVendor(
        "tencent", "Tencent", ("hunyuan", "腾讯", "混元", "腾讯混元", "元宝"), ("tencent",), (r"hunyuan", r"hy\d")
    ),
    KnownVendor("baidu", "Baidu", ("ernie", "百度", "文心", "文心一言"), ("baidu",), (r"ernie",)),
    KnownVendor("ai21", "AI21", ("ai21 labs",), ("ai21",), (r"jamba", r"j2-", r"jurassic")),
    KnownVendor(
        "stability",
        "Stability AI",
        ("stability", "stabilityai"),
        ("stability", "stabilityai"),
        (r"stable-", r"sd3", r"sdxl", r"stability"),
    ),
    KnownVendor(
        "black-forest-labs",
        "Black Forest Labs",
        ("bfl", "黑森林", "黑森林实验室"),
        ("black_forest_labs", "black-forest-labs", "bfl"),
        (r"flux",),
    ),
    KnownVendor("ibm", "IBM", ("ibm watsonx",), ("ibm", "ibm-granite"), (r"granite", r"slate-")),
    KnownVendor("voyage", "Voyage AI", ("voyage", "voyageai"), ("voyage", "voyageai"), (r"voyage", r"rerank-\d")),
    KnownVendor("jina", "Jina AI", ("jina", "jinaai"), ("jina_ai", "jinaai", "jina"), (r"jina",)),
    KnownVendor("databricks", "Databricks", (), (), (r"dbrx", r"mpt-")),
    KnownVendor("xiaomi", "Xiaomi", ("小米",), ("xiaomi", "xiaomimimo"), (r"mimo",)),
    KnownVendor("stepfun", "StepFun", ("step fun", "阶跃星辰", "阶跃"), ("stepfun", "stepfun-ai"), (r"step-\d",)),
    KnownVendor(
        "baichuan", "Baichuan", ("百川", "baichuan ai", "百川智能"), ("baichuan", "baichuan-inc"), (r"baichuan",)
    ),
    KnownVendor("01-ai", "01.AI", ("01ai", "零一万物", "yi", "零一", "01万物"), ("01-ai",), (r"yi-",)),
    KnownVendor(
        "inclusionai",
        "inclusionAI",
        ("ant group", "bailing", "蚂蚁", "蚂蚁集团", "蚂蚁百灵", "百灵"),
        ("inclusionai",),
        (r"ling-", r"ring-"),
    ),
    KnownVendor("meituan", "Meituan", ("美团", "龙猫"), ("meituan", "meituan-longcat"), (r"longcat",)),
    KnownVendor("sber", "Sber", ("gigachat",), ("gigachat",), (r"gigachat",)),
    KnownVendor(
        "iflytek",
        "iFlytek",
        ("讯飞", "科大讯飞", "讯飞星火", "星火"),
        ("iflytek",),
        (r"sparkdesk", r"spark-(?:lite|pro|max|ultra)"),
    ),
    KnownVendor(
        "sensetime", "SenseTime", ("商汤", "日日新", "sensenova"), ("sensetime", "sensenova"), (r"sense(?:chat|nova)",)
    ),
    KnownVendor("360", "360", ("奇虎", "三六零", "360智脑"), (), (r"360(?:gpt|zhinao)",)),
    KnownVendor("modelbest", "ModelBest", ("面壁", "openbmb"), ("openbmb",), (r"minicpm",)),
    KnownVendor("kunlun", "Kunlun Tech", ("昆仑万维", "昆仑", "天工", "skywork"), ("skywork",), (r"skywork",)),
    KnownVendor("huawei", "Huawei", ("华为", "盘古", "pangu"), ("huawei",), (r"pangu",)),
    KnownVendor("jd", "JD", ("京东", "言犀"), (), (r"joyai", r"chatrhino")),
    KnownVendor("netease", "NetEase", ("网易", "有道", "子曰")),
    KnownVendor("mobvoi", "Mobvoi", ("出门问问", "序列猴子")),
    KnownVendor("teleai", "TeleAI", ("中国电信", "天翼"), ("tele-ai",), (r"telechat",)),
    KnownVendor("pixverse", "PixVerse", ("爱诗",), ("pixverse",), (r"pixverse",)),
    KnownVendor("deepgram", "Deepgram", (), ("deepgram",), (r"aura-",)),
    KnownVendor("elevenlabs", "ElevenLabs", ("eleven labs",), ("elevenlabs",), (r"eleven_", r"scribe_")),
    KnownVendor("assemblyai", "AssemblyAI", (), ("assemblyai",)),
    KnownVendor("runway", "Runway", ("runwayml",), ("runwayml", "runway"), (r"gen[34]_",)),
    KnownVendor("recraft", "Recraft", ("recraft ai",), ("recraft",), (r"recraft",)),
    KnownVendor("ideogram", "Ideogram", (), ("ideogram",), (r"ideogram",)),
    KnownVendor("luma", "Luma AI", ("luma",), ("luma", "lumaai"), (r"luma", r"ray-?[23]", r"dream-machine")),
    KnownVendor("bria", "Bria", (), ("bria",), (r"bria",)),
    KnownVendor("midjourney", "Midjourney", (), ("midjourney",), (r"midjourney", r"mj_")),
    KnownVendor("suno", "Suno", (), ("suno",), (r"suno",)),
    KnownVendor("vidu", "Vidu", ("shengshu", "生数", "生数科技"), ("vidu",), (r"vidu",)),
    KnownVendor("pika", "Pika", (), ("pika",), (r"pika",)),
    KnownVendor("writer", "Writer", (), ("writer",), (r"palmyra",)),
    KnownVendor("twelvelabs", "TwelveLabs", ("twelve labs",), ("twelvelabs",), (r"marengo", r"pegasus-1")),
    KnownVendor("upstage", "Upstage", (), ("upstage",), (r"solar-",)),
    KnownVendor("liquid", "Liquid AI", ("liquid", "liquidai"), ("liquid", "liquidai"), (r"lfm",)),
    KnownVendor(
        "arcee",
        "Arcee AI",
        ("arcee", "arcee ai"),
        ("arcee-ai", "arcee_ai"),
        (r"trinity-", r"virtuoso", r"coder-large", r"maestro-reasoning", r"spotlight", r"afm-"),
    ),
    KnownVendor("allenai", "Ai2", ("allen institute for ai", "allenai"), ("allenai",), (r"olmo", r"molmo", r"tulu")),
    KnownVendor("inception", "Inception", ("inception labs",), ("inception",), (r"mercury",)),
    KnownVendor("morph", "Morph", (), ("morph",), (r"morph-",)),
    KnownVendor("relace", "Relace", (), ("relace",)),
    KnownVendor("vercel", "Vercel", ("v0",), ("v0",), (r"v0-",)),
    KnownVendor("sakana-ai", "Sakana AI", ("sakana",), ("sakana",), (r"fugu",)),
    KnownVendor("poolside", "Poolside", (), ("poolside",), (r"laguna",)),
    KnownVendor("tii", "TII", ("technology innovation institute",), ("tiiuae",), (r"falcon",)),
    KnownVendor("lg", "LG AI Research", ("lgai",), ("lgai-exaone",), (r"exaone",)),
    KnownVendor("sarvam", "Sarvam AI", ("sarvam",), ("sarvam", "sarvamai"), (r"sarvam", r"bulbul", r"saaras")),
    KnownVendor("aleph-alpha", "Aleph Alpha", (), ("aleph_alpha", "aleph-alpha"), (r"luminous",)),
    KnownVendor("swiss-ai", "Swiss AI", (), ("swiss-ai",), (r"apertus",)),
    KnownVendor("baai", "BAAI", ("智源", "智源研究院"), ("baai",), (r"bge-",)),
    KnownVendor("intfloat", "intfloat", (), ("intfloat",), (r"(?:multilingual-)?e5-",)),
    KnownVendor("thenlper", "thenlper", (), ("thenlper",)),
    KnownVendor("mixedbread", "Mixedbread", (), ("mixedbread-ai",), (r"mxbai",)),
    KnownVendor("nomic", "Nomic AI", ("nomic",), ("nomic-ai",), (r"nomic-",)),
    KnownVendor("opengvlab", "OpenGVLab", (), ("opengvlab",), (r"internvl",)),
    KnownVendor(
        "internlm", "InternLM", ("书生", "浦语", "书生浦语", "上海人工智能实验室"), ("internlm",), (r"internlm",)
    ),
    KnownVendor(
        "huggingface", "Hugging Face", (), ("huggingfaceh4", "huggingfacetb"), (r"zephyr", r"smollm", r"starcoder")
    ),
    KnownVendor("lmsys", "LMSYS", (), ("lmsys",), (r"vicuna",)),
    KnownVendor("prime-intellect", "Prime Intellect", (), ("primeintellect", "prime-intellect"), (r"intellect-",)),
    KnownVendor("cognition", "Cognition", (), ("cognition",), (r"swe-1",)),
    KnownVendor("thedrummer", "TheDrummer", (), ("thedrummer",)),
    KnownVendor("sao10k", "Sao10K", (), ("sao10k",)),
    KnownVendor("gryphe", "Gryphe", (), ("gryphe",), (r"mythomax",)),
    KnownVendor("deepcogito", "Deep Cogito", (), ("deepcogito",), (r"cogito",)),
    KnownVendor("aion-labs", "AionLabs", (), ("aion-labs",), (r"aion-",)),
    KnownVendor("essentialai", "Essential AI", (), ("essentialai",), (r"rnj-",)),
    KnownVendor("switchpoint", "Switchpoint", (), ("switchpoint",)),
    KnownVendor(
        "thinking-machines", "Thinking Machines", ("thinking machines lab",), ("thinkingmachines",), (r"inkling",)
    ),
    KnownVendor("soniox", "Soniox", (), ("soniox",)),
    KnownVendor("reka", "Reka", ("reka ai",), ("rekaai", "reka"), (r"reka-",)),
)

# Slug of a vendor -> its name on Chinese pages, with its best known product where people know that better. Vendors that
# write their names in Latin letters in China, too, such as OpenAI and MiniMax, are left out.
CHINESE_NAMES = {
    "alibaba": "阿里巴巴（通义千问）",
    "zhipu": "智谱",
    "moonshot": "月之暗面",
    "bytedance": "字节跳动（豆包）",
    "jimeng": "即梦",
    "kuaishou": "快手（可灵）",
    "stepfun": "阶跃星辰",
    "tencent": "腾讯（混元）",
    "baidu": "百度（文心）",
    "xiaomi": "小米",
    "meituan": "美团",
    "baichuan": "百川智能",
    "01-ai": "零一万物",
    "inclusionai": "蚂蚁（百灵）",
    "iflytek": "科大讯飞（星火）",
    "sensetime": "商汤（日日新）",
    "360": "360智脑",
    "modelbest": "面壁智能",
    "kunlun": "昆仑万维（天工）",
    "huawei": "华为（盘古）",
    "jd": "京东（言犀）",
    "netease": "网易有道（子曰）",
    "mobvoi": "出门问问（序列猴子）",
    "teleai": "中国电信（TeleAI）",
    "baai": "智源研究院",
    "internlm": "书生（InternLM）",
    "other": "其他",
}

# Names of model families, and short names, that people write for the vendor -> its slug. Providers have such ids, too,
# and sell models of others, so these are spellings only where a document states the vendor of a model.
FAMILY_NAMES = {
    "gpt": "openai",
    "chatgpt": "openai",
    "claude": "anthropic",
    "llama": "meta",
    "glm": "zhipu",
    "chatglm": "zhipu",
    "bigmodel": "zhipu",
    "nova": "amazon",
    "phi": "microsoft",
    "flux": "black-forest-labs",
    "stable diffusion": "stability",
    "mj": "midjourney",
    "minicpm": "modelbest",
    "longcat": "meituan",
    "mimo": "xiaomi",
    "spark": "iflytek",
    "seed": "bytedance",
}
# Platforms that also serve the models of other vendors -> the slug of the vendor whose platform it is: the id of a
# model decides, if it shows a vendor.
PLATFORMS = {
    "azure": "microsoft",
    "microsoft azure": "microsoft",
    "微软云": "microsoft",
    "aws": "amazon",
    "bedrock": "amazon",
    "亚马逊云": "amazon",
    "亚马逊云科技": "amazon",
    "vertex": "google",
    "vertex ai": "google",
    "google cloud": "google",
    "谷歌云": "google",
    "阿里云": "alibaba",
    "aliyun": "alibaba",
    "alibaba cloud": "alibaba",
    "百炼": "alibaba",
    "灵积": "alibaba",
    "dashscope": "alibaba",
    "火山": "bytedance",
    "火山引擎": "bytedance",
    "火山方舟": "bytedance",
    "方舟": "bytedance",
    "volcengine": "bytedance",
    "coze": "bytedance",
    "扣子": "bytedance",
    "腾讯云": "tencent",
    "百度智能云": "baidu",
    "百度云": "baidu",
    "千帆": "baidu",
    "qianfan": "baidu",
    "华为云": "huawei",
    "京东云": "jd",
    "讯飞开放平台": "iflytek",
    "nvidia nim": "nvidia",
}
# Names that state no vendor: resellers, hosts that make no models, and words for an unknown one.
NO_VENDORS = frozenset({
    "其他", "其它", "未知", "未分类", "自定义", "默认", "unknown", "others", "custom", "default", "n/a", "none",
    "硅基流动", "siliconflow", "siliconcloud", "openrouter", "302.ai", "302ai", "api2d", "poe", "github", "ollama",
    "cloudflare", "replicate", "together", "togetherai", "fireworks", "deepinfra", "novita", "ppio", "派欧云", "七牛云",
    "无问芯穹", "魔搭", "modelscope", "优刻得", "ucloud",
})  # fmt: skip
# What people write around the name of a vendor.
DECORATIONS = frozenset({
    "股份有限公司", "有限责任公司", "有限公司", "公司", "集团", "股份", "官方", "官网", "官转", "直连", "直供", "原厂",
    "逆向", "反代", "中转", "渠道", "系列", "旗下", "人工智能", "大语言模型", "大模型", "模型", "开放平台", "平台",
    "科技", "技术", "网络", "计算机系统", "智能", "研究院", "实验室", "云", "版", "企业", "国内", "国际", "海外",
    "中国", "美国", "北京", "上海", "杭州", "深圳", "广州", "市", "限时", "特价", "满血", "ai", "api", "inc", "inc.",
    "corp", "corp.", "llc", "ltd", "ltd.", "co.", "company", "official", "model", "models", "china", "llm", "labs",
})  # fmt: skip

# Traditional Chinese characters of these names, and the simplified ones in the same order.
TRADITIONAL = (
    "萬東為爲義書雲亞優偉動勞華廠臺團國圖寶實開擴術無夢歐湯靈煉愛電盤積類網維腦臉騰節蟻螞認訊詩語譜責躍轉"
    "軟達連遜門問階際飛馬驗龍崑崙侖數貓廣發業機滿時價體務費絡計聯"
)
SIMPLIFIED = (
    "万东为为义书云亚优伟动劳华厂台团国图宝实开扩术无梦欧汤灵炼爱电盘积类网维脑脸腾节蚁蚂认讯诗语谱责跃转"
    "软达连逊门问阶际飞马验龙昆仑仑数猫广发业机满时价体务费络计联"
)
