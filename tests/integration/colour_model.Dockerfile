# The program of the pipeline's tests as an image, for a cloud that runs nothing else. The kit's image has what it imports.
FROM scones/image-classification:latest
COPY colour_model.py /opt/program/
ENV SAGEMAKER_BASE_DIR=/opt/ml SAGEMAKER_BIND_TO_HOST=0.0.0.0 SAGEMAKER_BIND_TO_PORT=8080
ENTRYPOINT ["python", "/opt/program/colour_model.py"]
