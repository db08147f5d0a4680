"""Makes a tiny classifier with a vocabulary of its own, since nothing can be downloaded, and saves it."""

import os
from pathlib import Path

import torch
from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "bicycle", "motorcycle", "slow", "fast"]


def train():
    folder = Path(os.environ["SM_MODEL_DIR"])
    vocabulary = Path("/tmp/vocabulary.txt")
    vocabulary.write_text("\n".join(WORDS))
    tokenizer = BertTokenizer(str(vocabulary))
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    labels = {0: "bicycle", 1: "motorcycle"}
    torch.manual_seed(0)
    numbers = {name: key for key, name in labels.items()}
    config = BertConfig(vocab_size=len(WORDS), id2label=labels, label2id=numbers, **sizes)
    model = BertForSequenceClassification(config)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    batch = tokenizer(["bicycle slow", "motorcycle fast", "bicycle", "motorcycle"], padding=True, return_tensors="pt")
    for _ in range(30):
        loss = model(**batch, labels=torch.tensor([0, 1, 0, 1])).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"loss={loss.item()};")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    train()
