"""An ordinary WeChat Work client library sends through the local WeChat Work: text, markdown and a card. Usage: wechatpy_send.py BASE_URL"""

import sys

from wechatpy.work import WeChatClient

base = sys.argv[1].rstrip("/") + "/cgi-bin/"


class LocalClient(WeChatClient):
    API_BASE_URL = base

    def fetch_access_token(self):
        # The library writes the real server's address out here, unlike everywhere else.
        return self._fetch_access_token(url=base + "gettoken", params={"corpid": self.corp_id, "corpsecret": self.secret})


client = LocalClient("ww0123456789abcdef", "local-wecom-app-secret")
sent = [
    client.message.send_text(1000002, "@all", "hello from wechatpy"),
    client.message.send_markdown(1000002, "zhangsan", "**hello** from wechatpy"),
    client.message.send_text_card(1000002, "lisi", "hello", "from wechatpy", "https://example.com", "详情"),
]
for answer in sent:
    assert answer["errcode"] == 0 and answer["msgid"], answer
assert client.agent.get(1000002)["name"] == "Acteon"
print("wechatpy sent", len(sent), "messages")
