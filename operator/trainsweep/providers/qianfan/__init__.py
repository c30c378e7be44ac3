"""Baidu Qianfan: fine-tuning tasks and jobs of the v2 API."""
