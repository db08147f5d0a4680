# The program of the pipeline's tests as an image, for a cloud that runs only images. The kit's image has its dependencies.
FROM scones/image-classification:latest
COPY color_model.py /opt/program/
ENV SAGEMAKER_BASE_DIR=/opt/ml SAGEMAKER_BIND_TO_HOST=0.0.0.0 SAGEMAKER_BIND_TO_PORT=8080
ENTRYPOINT ["python", "/opt/program/color_model.py"]
