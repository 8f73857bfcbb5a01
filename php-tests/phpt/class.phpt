--TEST--
The classes: final, static, one method for every ability
--FILE--
<?php
$class = new ReflectionClass( 'WP_Codebox_API' );
var_dump( $class->isFinal() );
foreach ( $class->getMethods() as $method ) {
	if ( '__construct' !== $method->name ) {
		assert( $method->isStatic() && $method->isPublic(), $method->name );
	}
}
foreach ( WP_Codebox_API::abilities() as $ability ) {
	assert( $class->hasMethod( $ability['method'] ), $ability['method'] );
}
try {
	new WP_Codebox_API();
} catch ( Exception $e ) {
	echo get_class( $e ), ': ', $e->getMessage(), "\n";
}
foreach ( $class->getConstants() as $name => $value ) {
	echo "$name = $value\n";
}
var_dump( WP_CODEBOX_VERSION === phpversion( 'wp_codebox' ) );
var_dump( is_subclass_of( 'WP_Codebox_Exception', Exception::class ) );
?>
--EXPECT--
bool(true)
Exception: You cannot instantiate this class from PHP.
ABILITY_LIST_ARTIFACTS = wp-codebox/list-artifacts
ABILITY_GET_ARTIFACT = wp-codebox/get-artifact
ABILITY_INSPECT_ARTIFACT = wp-codebox/inspect-artifact
ABILITY_APPLY_ARTIFACT_PREFLIGHT = wp-codebox/apply-artifact-preflight
ABILITY_STAGE_ARTIFACT_APPLY = wp-codebox/stage-artifact-apply
ABILITY_APPLY_APPROVED_ARTIFACT = wp-codebox/apply-approved-artifact
ARTIFACT_SCHEMA = wp-codebox/artifact/v1
ARTIFACT_INSPECTION_SCHEMA = wp-codebox/artifact-inspection/v1
ARTIFACT_APPLY_PREFLIGHT_SCHEMA = wp-codebox/artifact-apply-preflight/v1
ARTIFACT_APPLY_SCHEMA = wp-codebox/artifact-apply/v1
ARTIFACT_APPLY_RESULT_SCHEMA = wp-codebox/apply-result/v1
bool(true)
bool(true)
