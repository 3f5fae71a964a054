# The dashboard, and precompute on a CPU. Build: docker build -t fieldmarks .
FROM python:3.13-slim-bookworm

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /opt/fieldmarks

# PyTorch for the CPU first: the usual wheel brings several gigabytes for GPUs
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY requirements.txt ./
RUN pip install torch torchvision --index-url "$TORCH_INDEX" \
 && sed '/^# tools for development/,$d' requirements.txt > needed.txt \
 && pip install -r needed.txt && rm needed.txt

COPY .streamlit .streamlit
COPY fieldmarks fieldmarks
COPY core core
COPY precompute precompute
COPY dashboard dashboard

# nothing runs as root, and nothing but the runs can be written
RUN useradd --uid 1000 --create-home fieldmarks && install -d -o fieldmarks /runs
USER fieldmarks
ENV FIELDMARKS_RUNS=/runs
VOLUME /runs
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]

# inside a container every interface is the container's own; who reaches it is decided by the port that is published
CMD ["python", "-m", "streamlit", "run", "dashboard/app.py", "--server.address=0.0.0.0"]
